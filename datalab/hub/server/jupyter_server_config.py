"""What the JSON beside cannot say: a place that is known only here."""

from pathlib import Path

import datalab

c = get_config()  # type: ignore[name-defined]  # noqa: F821
# Beside the person's own and those of packages, which stay where they are.
c.LabApp.extra_labextensions_path = [str(Path(datalab.__file__).with_name("labextension"))]
