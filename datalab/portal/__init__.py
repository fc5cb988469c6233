"""The web service: pages and JSON of the published lake, for anyone.

Owns the words *page* (one address for people, one ``.json`` twin for machines, both from one
dataclass), *facet* and *door* (a form in which rows leave: json, csv, parquet, geojson). Reads only
the published lake; in this first version every reader is anonymous.
"""
