"""How the database of households came to its present shape."""
