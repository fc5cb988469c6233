"""``datalab inspect`` on a terminal: exit codes, JSON, plain French."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from datalab.commands.inspect import inspect_command
from datalab.errors import FileNotATable


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("DATALAB_LANGUAGE", "fr")
    return CliRunner()


def test_a_clean_file_is_shown_in_french_and_ends_with_0(shell: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("commune;habitants\nDijon;159941\nTalant;11986\n", encoding="utf-8")
    result = shell.invoke(inspect_command, [str(path)])
    assert result.exit_code == 0
    assert "habitants" in result.output
    assert "séparateur" in result.output
    assert "\x1b" not in result.output


def test_a_file_with_rows_to_mend_ends_with_3_and_names_them(
    shell: CliRunner, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a;b\n1;2\n3\n4;5\n", encoding="utf-8")
    result = shell.invoke(inspect_command, [str(path), "--json"])
    document = json.loads(result.stdout)
    assert result.exit_code == 3
    assert (document["rows"], document["rejected"]) == (2, 1)
    assert document["rejects"][0]["line"] == 3
    assert document["rejects"][0]["reason"] == "a moins de valeurs qu’il n’y a de colonnes"


def test_what_is_no_table_is_an_error_with_its_code(shell: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"%PDF-1.4")
    result = shell.invoke(inspect_command, [str(path), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "file-not-a-table"
    assert isinstance(shell.invoke(inspect_command, [str(path)]).exception, FileNotATable)


def test_nothing_in_a_file_speaks_to_the_terminal(shell: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"nom;n\n\x1b[31mrouge;1\nb;2\n")
    result = shell.invoke(inspect_command, [str(path)])
    assert result.exit_code == 0
    assert "\x1b" not in result.output
