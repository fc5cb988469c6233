"""From what was accepted to a notebook's cell, by the refresher that listens."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from datalab.errors import LakeError, UnknownDataset
from datalab.notebook.lab import Lab
from datalab.notebook.limits import Limits
from datalab.participation.marks import bump
from datalab.participation.store import Store
from datalab.settings import CHECKOUT, Settings
from tests.participation import rows

SURVEY = """
id: survey-eau
title: {fr: L’eau chez vous, en: Water at home}
description: {fr: Des réponses., en: Some answers.}
publisher: Laboratoire de données
license: lov2
steward: observatoire
periodicity: irregular
source: {connector: participation, format: parquet, view: released_answer, survey: eau}
columns:
  respondent: {type: varchar, description: {fr: Qui, en: Who}}
  question: {type: varchar, description: {fr: Question, en: Question}}
  answer: {type: varchar, description: {fr: Réponse, en: Answer}}
  number: {type: double, description: {fr: Nombre, en: Number}}
expectations:
  - {type: expect_column_values_to_not_be_null, column: question}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    theme = tmp_path / "catalog" / "government"
    theme.mkdir(parents=True)
    shutil.copy(CHECKOUT / "catalog" / "government" / "contributions.yaml", theme)
    return Settings(home=tmp_path / "home", catalog=tmp_path / "catalog")


@pytest.fixture
def refresher(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "DATALAB_HOME": str(settings.home),
        "DATALAB_CATALOG": str(settings.catalog),
    }
    settings.home.mkdir()
    command = [sys.executable, "-m", "datalab.cli", "refresher"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as running:
        yield running
        running.terminate()


def texts(settings: Settings, dataset: str, column: str) -> list[str]:
    """What a cell of a notebook reads, nothing where nothing is published yet."""
    try:
        lab = Lab(settings.lake, limits=Limits(threads=1, memory=2**30))
        frame = lab.dataset(dataset).df()
    except (LakeError, UnknownDataset):
        return []
    return sorted(frame[column])


def becomes(settings: Settings, dataset: str, column: str, wanted: list[str]) -> None:
    """Wait a minute at most: that is what was promised."""
    end = time.monotonic() + 60
    while (found := texts(settings, dataset, column)) != wanted:
        assert time.monotonic() < end, found
        time.sleep(0.3)


def test_what_is_accepted_is_in_a_cell_within_a_minute(
    settings: Settings, refresher: subprocess.Popen[bytes]
) -> None:
    store = Store(settings.participation)
    with store.writing() as connection:
        rows.session(connection)
        rows.contribution(connection, "a", "atelier")
        bump(connection, "contributions", rows.NOON)
    becomes(settings, "contributions", "text", ["texte relu a"])
    with store.writing() as connection:
        rows.contribution(connection, "b", "atelier")
        bump(connection, "contributions", rows.NOON)
    becomes(settings, "contributions", "text", ["texte relu a", "texte relu b"])
    # A dataset that the lab made by itself comes by the same road.
    folder = settings.own_catalog / "government"
    folder.mkdir(parents=True)
    (folder / "survey-eau.yaml").write_text(SURVEY)
    with store.writing() as connection:
        values = {"survey_slug": "eau", "respondent": "1", "question": "q", "answer": "oui"}
        connection.exec_driver_sql(
            "INSERT INTO released_answer (survey_slug, respondent, question, answer) "
            f"VALUES ({', '.join(repr(v) for v in values.values())})"
        )
        bump(connection, "survey-eau", rows.NOON)
    becomes(settings, "survey-eau", "answer", ["oui"])
    index = json.loads((settings.lake / "open" / "index.json").read_text())
    assert "contributions" in json.dumps(index)
    store.close()
