"""``python -m datalab.hub``: JupyterHub with the lab's configuration, quicker to import."""

from __future__ import annotations

import sys
from pathlib import Path

from datalab.hub.lean import ABSENT

CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "jupyterhub_config.py"


def main() -> None:
    sys.modules[ABSENT] = None  # type: ignore[assignment]
    from jupyterhub.app import JupyterHub

    JupyterHub.launch_instance(["--config", str(CONFIGURATION)])


if __name__ == "__main__":
    main()
