"""One module per page: its dataclass, how it is filled, and its two addresses."""
