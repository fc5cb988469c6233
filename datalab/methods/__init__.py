"""Pure calculations of the field: arrays and tables in, numbers out; each cites its source."""
