"""The command line, one module per group of commands; ``datalab.cli`` loads them when called."""
