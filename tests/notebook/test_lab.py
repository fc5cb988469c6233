"""A person opens the lab, looks around, reads, asks and cites."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datalab.errors import (
    LakeEmpty,
    LargerThanMemory,
    NotPublished,
    QueryRefused,
    UnknownColumn,
    UnknownDataset,
    UnknownSnapshot,
)
from datalab.notebook.lab import Lab, connect
from datalab.notebook.limits import Limits
from tests.notebook.conftest import COMMUNES, HOSTILE, Workshop

HEAVY = ("great_expectations", "dask", "folium", "pandas", "geopandas", "polars", "pyarrow")


def test_connecting_imports_nothing_heavy(workshop: Workshop) -> None:
    code = (
        "import sys, datalab, json\n"
        f"lab = datalab.connect({str(workshop.settings.lake)!r})\n"
        "lab.dataset('communes')\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(json.loads(run.stdout))
    assert loaded & set(HEAVY) == set()
    assert "numpy" not in loaded


def test_the_environment_says_where_the_lake_is(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATALAB_LAKE", str(workshop.settings.lake))
    monkeypatch.setenv("DATALAB_LANGUAGE", "en")
    lab = connect()
    assert lab.language == "en"
    assert "datasets ready to read" in repr(lab)


def test_an_empty_lake_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LakeEmpty, match="datalab refresh --all"):
        connect(tmp_path, language="en")


def test_all_datasets_are_listed_also_those_never_published(lab: Lab) -> None:
    listed = {row["id"]: row for row in lab.datasets()}
    assert set(listed) >= {"communes", "stops", "members-only", "never-there"}
    assert listed["communes"]["rows"] == len(COMMUNES)
    assert "rien n’est encore publié" in listed["never-there"]["state"]
    html = lab.datasets()._repr_html_()
    assert "<table" in html
    assert "Atelier &amp; fils" in html
    assert list(lab.datasets().df()["id"]) == list(listed)


def test_search_finds_and_says_so_in_the_language_of_the_reader(open_lab: Any) -> None:
    assert [row["id"] for row in open_lab("fr").search("logement")] == ["communes"]
    assert "Trouvés pour «\u00a0logement\u00a0»" in repr(open_lab("fr").search("logement"))
    assert "Nothing found" in repr(open_lab("en").search("zzzz"))


@pytest.mark.parametrize(("language", "words"), [("fr", "Puis-je"), ("en", "May I reuse it?")])
def test_a_card_answers_what_one_asks_of_data(open_lab: Any, language: str, words: str) -> None:
    card = open_lab(language).dataset("communes")
    for shown in (card._repr_html_(), repr(card)):
        assert words in shown
        assert "communes" in shown
        assert "poverty_rate" in shown
    assert "<section" in card._repr_html_()


def test_what_a_card_shows_of_the_catalog_is_escaped(lab: Lab) -> None:
    assert "Atelier &amp; fils" in lab.dataset("communes")._repr_html_()


def test_an_unknown_dataset_names_the_nearest(lab: Lab) -> None:
    with pytest.raises(UnknownDataset, match="communes"):
        lab.dataset("comunes")
    assert lab.dataset("commune_boundaries").id == "commune-boundaries"


def test_a_dataset_that_was_never_published_says_so(lab: Lab) -> None:
    dataset = lab.dataset("never-there")
    assert dataset.snapshot is None
    assert "rien n’est encore publié" in repr(dataset)
    assert dataset.quality.state == "failed"
    with pytest.raises(NotPublished):
        dataset.df()


def test_an_error_shows_itself_as_a_sentence_and_not_as_a_trace(open_lab: Any) -> None:
    with pytest.raises(UnknownDataset) as caught:
        open_lab("en").dataset("comunes")
    assert caught.value._render_traceback_() == [
        "There is no dataset 'comunes'. Did you mean 'communes'? "
        "The list of datasets names them all."
    ]


def test_sql_joins_datasets_by_their_short_names(lab: Lab) -> None:
    found = lab.sql(
        "SELECT communes.name, population FROM communes "
        "JOIN commune_boundaries USING (insee_code) ORDER BY population DESC"
    )
    assert found.df()["population"].tolist() == sorted((c[2] for c in COMMUNES), reverse=True)
    assert len(found) == len(COMMUNES)
    assert found.columns == ["name", "population"]
    assert "15\u202f300" in found._repr_html_()
    assert "&lt;/script&gt;" in found._repr_html_()
    assert HOSTILE not in found._repr_html_()


def test_a_table_of_ones_own_joins_in(lab: Lab) -> None:
    import pandas as pd

    mine = pd.DataFrame({"insee_code": ["21001"], "mark": [7]})
    found = lab.sql("SELECT name, mark FROM communes JOIN mine USING (insee_code)", mine=mine)
    assert found.fetchall() == [("Émilienne", 7)]


def test_a_result_goes_on_like_a_relation(lab: Lab) -> None:
    large = lab.sql("FROM communes").filter("population > 1000").order("population")
    assert [row[1] for row in large.fetchall()] == ["Émilienne", "Bout", "Abeille"]
    assert "Émilienne" in repr(large)


def test_years_and_codes_are_not_grouped_by_thousands(lab: Lab) -> None:
    shown = repr(lab.sql("SELECT DISTINCT census_year FROM population_history ORDER BY 1"))
    assert "2011" in shown


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("FROM comunes", "communes"),
        ("FROM never_there", "never-there"),
        ("SELECT populatio FROM communes", "population"),
        ("SELEC 1", "SELEC"),
        ("SELECT * FROM communes WHERE", "end of input"),
        ("", "empty"),
        ("SELECT CAST(name AS INTEGER) FROM communes", "Could not convert"),
        ("SELECT name, sum(population) FROM communes", "GROUP BY"),
    ],
)
def test_a_query_that_cannot_run_is_explained_in_one_sentence(
    open_lab: Any, query: str, words: str
) -> None:
    with pytest.raises(QueryRefused) as caught:
        repr(open_lab("en").sql(query))
    message = str(caught.value)
    assert words in message
    assert "\n" not in message
    assert "Traceback" not in message


def test_the_words_of_a_refused_query_are_french_for_the_french(lab: Lab) -> None:
    with pytest.raises(QueryRefused, match="il n’y a pas de table «\u00a0comunes\u00a0»"):
        lab.sql("FROM comunes")


def test_an_unknown_column_names_the_nearest(lab: Lab) -> None:
    with pytest.raises(UnknownColumn, match="population"):
        lab.dataset("communes").df(columns=["populaton"])


def test_a_table_larger_than_the_memory_is_refused_before_it_kills_the_kernel(
    workshop: Workshop,
) -> None:
    small = Lab(workshop.settings.lake, language="en", limits=Limits(threads=1, memory=9_000))
    with pytest.raises(LargerThanMemory, match=r"lab\.sql\(\)"):
        small.dataset("stops").df()
    assert len(small.dataset("stops").df(limit=3)) == 3


def test_columns_snapshots_and_rejects_are_tables(lab: Lab) -> None:
    communes = lab.dataset("communes")
    units = {row["name"]: row["unit"] for row in communes.columns}
    assert units["population"] == "habitants"
    assert [row["snapshot"] for row in communes.snapshots] == [communes.snapshot]
    assert len(communes.rejects) == 0
    (rejected,) = lab.dataset("with-rejects").rejects
    assert (rejected["line"], rejected["column"], rejected["value"]) == (3, "n", "deux")
    assert "lignes de la source" in repr(lab.dataset("with-rejects"))


def test_an_unknown_snapshot_names_those_there_are(lab: Lab) -> None:
    known = lab.dataset("communes").snapshot
    with pytest.raises(UnknownSnapshot, match=str(known)):
        lab.dataset("communes", snapshot=9999)


def test_a_citation_names_exactly_what_was_read(workshop: Workshop) -> None:
    lab = workshop.lab("en", portal_url="https://lab.example/services/datalab/")
    communes = lab.dataset("communes")
    cited = communes.cite()
    facts = cited.as_dict()
    assert facts["version"] == communes.snapshot
    assert facts["author"] == "Atelier & fils"
    assert facts["url"] == "https://lab.example/services/datalab/datasets/communes"
    assert len(facts["sha256"]) == 64
    for part in (facts["sha256"], "Licence Ouverte 2.0", str(communes.snapshot), facts["url"]):
        assert part in cited.text
    assert cited.bibtex.startswith(f"@misc{{communes-{communes.snapshot},")
    assert r"Atelier \& fils" in cited.bibtex
    assert "Atelier &amp; fils" in cited._repr_html_()


def test_a_citation_has_no_address_without_its_host(workshop: Workshop) -> None:
    lab = workshop.lab("en", portal_url="/services/datalab/")
    assert lab.dataset("communes").cite().as_dict()["url"] == ""


def test_quality_says_each_expectation_in_words(open_lab: Any) -> None:
    quality = open_lab("fr").dataset("communes").quality
    assert quality.state == "published"
    assert len(quality.results) == 2
    assert quality.failed == []
    assert "les 2 attentes sont tenues" in repr(quality)
    assert "all 2 expectations are met" in open_lab("en").dataset("communes").quality.summary


@pytest.mark.parametrize("what", [None, 3, ["communes"]])
def test_what_is_no_text_is_answered_in_a_sentence(lab: Lab, what: object) -> None:
    with pytest.raises(UnknownDataset):
        lab.dataset(what)  # type: ignore[arg-type]
    with pytest.raises(QueryRefused, match="s’écrit comme un texte"):
        lab.sql(what)  # type: ignore[arg-type]
    assert "pour «" in str(lab.search(what))  # type: ignore[arg-type]


def test_an_empty_query_is_refused_in_a_sentence(lab: Lab) -> None:
    with pytest.raises(QueryRefused, match="c’est un texte vide"):
        lab.sql(" ; ")
