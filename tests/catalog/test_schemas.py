"""A dataset names a Table Schema by its name; a wrong name is found before a file is read."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from datalab.catalog.lint import read_file
from datalab.cli import group

GOOD = """\
id: measures
title: {fr: Mesures, en: Measures}
description: {fr: Des mesures, en: Some measures}
publisher: Ville
license: lov2
steward: observatoire
periodicity: once
schema: comptage-mobilites-measure
source: {connector: file, path: measures.csv}
columns:
  channel_id: {type: varchar, description: {fr: Canal, en: Channel}}
  start_datetime: {type: timestamptz, description: {fr: Début, en: Start}}
"""


def problems(folder: Path, text: str) -> list[tuple[int, str, str | None]]:
    path = folder / "mobility" / "measures.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return [(p.line, p.in_("fr"), p.suggestion) for p in read_file(path)[1]]


def test_a_schema_that_is_carried_may_be_named(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


def test_a_schema_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, GOOD.replace("-measure\n", "-mesure\n"))
    assert (found[0], found[2]) == (8, "comptage-mobilites-measure")
    assert "il n’y a pas de schéma de table" in found[1]
    assert problems(tmp_path, GOOD.replace("comptage-mobilites-measure", "'../../etc/passwd'"))


def test_a_column_that_the_schema_requires_is_missed_before_a_file_is_read(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, GOOD.replace("channel_id:", "channel:"))
    assert "channel_id" in found[1]


def test_the_schemas_are_listed_with_their_fields() -> None:
    listed = CliRunner().invoke(group, ["schemas", "--json"])
    known = {schema["name"]: schema for schema in json.loads(listed.output)}
    assert {"scdl-deliberations", "scdl-subventions", "irve-statique", "arbres"} <= set(known)
    shown = CliRunner().invoke(group, ["schemas", "irve-statique"], env={"DATALAB_LANGUAGE": "fr"})
    assert "puissance_nominale" in shown.output
    assert "Obligatoire" in shown.output
