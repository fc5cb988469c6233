"""JupyterHub reads this file; every setting is explained in ``datalab/hub/configuration.py``."""

from datalab.hub import configure

configure(get_config())  # noqa: F821 - JupyterHub defines it
