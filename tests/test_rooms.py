"""The table of rooms of the design, held by reading every import."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "datalab"
FOUNDATION = {"errors", "settings", "i18n", "logline", "relay"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": {"i18n"},
    "logline": {"errors", "i18n"},
    "folders": set(),
    "settings": {"folders"},
    "i18n": set(),
    "relay": set(),
    "catalog": set(),
    "methods": set(),
    "database": set(),
    "participation": {"catalog", "database", "methods", "isolation"},
    "households": {"database", "isolation", "methods"},
    "isolation": set(),
    "compute": set(),
    "depot": {"connectors", "isolation", "lake"},
    "people": {"database", "isolation"},
    "projects": {"catalog", "database", "isolation", "people"},
    "live": set(),
    "hub": {"isolation", "people", "projects"},
    "connectors": {"catalog"},
    "lake": {"catalog"},
    "quality": {"catalog"},
    "inspection": {"catalog", "lake"},
    "preparation": {"catalog", "inspection", "lake"},
    "lineage": {"database", "lake", "people", "projects"},
    "notebook": {"lake", "catalog", "compute", "methods"},
    "assets": {"connectors"},
    "recheck": {"catalog", "lake", "quality"},
    "publisher": {"isolation", "lake"},
    "cleaning": {"catalog", "lake", "lineage", "projects", "publisher"},
    "announcement": {"catalog", "hub", "lake", "lineage", "participation", "people", "projects"},
    "restoring": {"lake", "publisher"},
    "gate": {"catalog", "lake", "lineage"},
    "errands": {"catalog", "connectors"},
    "intake": {"catalog", "connectors", "gate", "lake", "quality", "recheck"},
    "refresh": {
        "compute",
        "intake",
        "recheck",
        "connectors",
        "errands",
        "gate",
        "lake",
        "catalog",
        "publisher",
    },
    "trial": {"connectors", "lake", "quality", "catalog"},
    "refresher": {"refresh", "connectors", "errands", "lake", "quality", "catalog"},
    "admittance": {"hub", "isolation", "lake", "participation", "people", "projects"},
    "proposal": {"inspection"},
    "correspondence": {
        "announcement",
        "catalog",
        "hub",
        "isolation",
        "lake",
        "lineage",
        "participation",
        "people",
        "projects",
        "proposal",
    },
    "keeper": {
        "announcement",
        "admittance",
        "cleaning",
        "connectors",
        "correspondence",
        "hub",
        "isolation",
        "lineage",
        "participation",
        "people",
        "projects",
        "watching",
    },
    "watching": {"catalog", "deployment", "depot", "isolation", "lake", "participation"},
    "rehearsal": {"participation", "watching"},
    "deployment": {
        "assets",
        "catalog",
        "hub",
        "isolation",
        "lake",
        "participation",
        "people",
        "projects",
    },
    "portal": {
        "catalog",
        "connectors",
        "households",
        "hub",
        "isolation",
        "lake",
        "lineage",
        "methods",
        "notebook",
        "participation",
        "people",
        "preparation",
        "projects",
        "proposal",
        "quality",
        "recheck",
        "refresh",
        "restoring",
        "inspection",
        "trial",
        "watching",
    },
}
DOORS = {"cli", "commands"}


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Rooms that a module imports, those for type checkers included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "datalab" and len(parts) > 1 and parts[1] != "__version__":
                found.add(parts[1])
    return found


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_downward_only(path: Path) -> None:
    room = room_of(path)
    if room in DOORS | {"__init__"}:
        return
    allowed = MAY_IMPORT[room] | FOUNDATION | {room}
    assert imports_of(path) <= allowed, f"{room} may import {sorted(allowed)}"


def test_only_quality_imports_great_expectations() -> None:
    guilty = [
        path
        for path in MODULES
        if "great_expectations"
        in path.read_text(encoding="utf-8").replace("import_module", "import")
        and any(
            line.lstrip().startswith(("import great_expectations", "from great_expectations"))
            for line in path.read_text(encoding="utf-8").splitlines()
        )
        and room_of(path) != "quality"
    ]
    assert guilty == []


def test_every_file_fits_in_one_head() -> None:
    long = {
        str(path.relative_to(PACKAGE)): lines
        for path in MODULES
        if path.parent.name != "versions"  # of migrations, written by alembic
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > 350
    }
    assert long == {}


def test_no_catch_all_names() -> None:
    names = {"utils", "util", "helpers", "common", "misc", "manager", "base"}
    assert [p for p in MODULES if p.stem in names or p.parent.name in names] == []
