"""A prototype on one dataset: what its licence allows, and programs that read it from outside.

The programs are the files of ``kit/``, the same for every dataset. Whatever a dataset says of
itself is in ``config.json`` alone, as JSON in ASCII: no word of a catalog is part of a program.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from datalab.catalog.vocabulary import Reuse
from datalab.i18n import Language, Phrase, translate
from datalab.notebook.template import notebook, plain
from datalab.portal.card import license_of
from datalab.portal.library import Holding
from datalab.portal.rows import is_geometry

KIT = Path(__file__).with_name("kit")
FILES = ("client.py", "app.py", "serve.py", "web/index.html", "web/app.js", "web/style.css")
SHOWN = 8  # columns of the first table
STAMP = (2026, 1, 1, 0, 0, 0)  # of each file, so that the same prototype is the same bytes

# What each licence asks, in plain words. Sources: the texts themselves (Licence Ouverte 2.0,
# Etalab, 2017; ODbL 1.0, art. 4; CC BY 4.0, sect. 3; MIT).
CONDITIONS: dict[str, tuple[Phrase, ...]] = {
    "lov2": (
        Phrase("Name the source and the day of its last update, wherever your product shows it."),
        Phrase("Do not let anybody believe that the producer supports your product."),
        Phrase("Do not change the meaning of the data, nor mislead about them."),
    ),
    "odbl": (
        Phrase("Show that your product contains these data, their source and their licence."),
        Phrase(
            "A database that you make from them and let the public use must be under the same "
            "licence, and be given to whoever asks. Your program and its pages may stay yours."
        ),
        Phrase("Lock them by no technical means without offering an unlocked copy too."),
    ),
    "cc-by-4.0": (
        Phrase("Credit the author, name the licence and link to it."),
        Phrase("Say what you changed."),
        Phrase("Do not let anybody believe that the producer supports your product."),
    ),
    "mit": (Phrase("Keep the copyright notice and the text of the licence with every copy."),),
}
WORDS = {
    "quality": Phrase("Quality:"),
    "table": Phrase("First rows"),
    "sort": Phrase("Sort by"),
    "down": Phrase("descending"),
    "ask_token": Phrase("Personal token"),
    "enter": Phrase("Read with this token"),
    "announced": Phrase("A change that breaks this program is announced, at the latest on"),
    "gone": Phrase("The dataset has changed. These columns are gone:"),
    "retyped": Phrase("The dataset has changed. These columns have another type:"),
    "changed": Phrase(
        "The lab does not understand this question any more: the columns of the dataset may have "
        "changed. Take the prototype anew from its page."
    ),
    "token": Phrase("The token opens nothing any more: it was withdrawn or is over. Make another."),
    "refused": Phrase("These data are reserved: show a token of somebody who may read them."),
    "absent": Phrase("The lab has no such dataset any more."),
    "quota": Phrase("Too many requests: the quota is spent. Try again later."),
    "unreachable": Phrase("The lab cannot be reached. Are you online? Try again in a moment."),
    "synthetic": Phrase("These data are synthetic: they describe nothing real."),
    "help_rows": Phrase("how many rows to show"),
    "help_csv": Phrase("write the whole table to this file"),
}


@dataclass(frozen=True)
class Terms:
    """Whether the data may be used to earn money: ``reuse`` in one word, the conditions in plain
    words, and the line to show, empty where nobody may say what it is."""

    reuse: Reuse
    answer: str
    conditions: list[str]
    attribution: str
    license: str
    url: str | None


def terms_of(holding: Holding, language: Language, page: str) -> Terms:
    """The terms of a dataset; ``page`` is its address."""
    license_ = license_of(holding.dataset)
    known = CONDITIONS.get(holding.dataset.license, ())
    before, after = attribution_of(holding, language, page)
    at = published_at(holding)
    return Terms(
        license_.reuse,
        license_.answer.in_(language),
        [one.in_(language) for one in known],
        f"{before}{_figures(at)}{after}",
        license_.title,
        license_.url,
    )


def attribution_of(holding: Holding, language: Language, page: str) -> tuple[str, str]:
    """The line before and after the day of the last update."""
    dataset, license_ = holding.dataset, license_of(holding.dataset)
    title = _line(dataset.title.in_(language))
    before = translate(
        "Source: {publisher}, “{title}”, updated on ",
        language,
        publisher=_line(dataset.publisher),
        title=title,
    )
    after = f", {license_.title}"
    if license_.url:
        after += f" ({license_.url})"
    return before, f"{after}, {page}"


def published_at(holding: Holding) -> str:
    """The day of what readers see, ISO 8601; empty where nothing is published."""
    known = holding.entry.snapshots
    at = known[0].get("at") if known else (holding.good or {}).get("finished_at")
    return datetime.fromisoformat(at).date().isoformat() if at else ""


def config_of(holding: Holding, language: Language, root: str) -> dict[str, Any]:
    """What the programs know of a dataset; ``root`` is the address of the portal."""
    dataset = holding.dataset
    page = f"{root}/datasets/{holding.id}"
    before, after = attribution_of(holding, language, page)
    columns = {
        name: {"type": column.type, "unit": column.unit} for name, column in dataset.columns.items()
    }
    plain_ones = [name for name, column in dataset.columns.items() if not is_geometry(column.type)]
    return {
        "dataset": holding.id,
        "title": _line(dataset.title.in_(language)),
        "api": root,
        "page": page,
        "language": language,
        "snapshot": holding.snapshot,
        "synthetic": dataset.provenance == "synthetic",
        "attribution": {"before": before, "after": after},
        "columns": columns,
        "shown": plain_ones[:SHOWN],
        "words": {name: phrase.in_(language) for name, phrase in WORDS.items()},
    }


def bundle(holding: Holding, language: Language, root: str, token: str = "") -> bytes:
    """The zip: programs, what they know of the dataset, and ``token.txt`` where there is one."""
    config = config_of(holding, language, root)
    files = {name: (KIT / name).read_bytes() for name in FILES}
    files["config.json"] = json.dumps(config, ensure_ascii=True, indent=1).encode()
    files["LISEZ-MOI.md" if language == "fr" else "README.md"] = _read_me(
        holding, language, root
    ).encode()
    if token:
        files["token.txt"] = f"{token}\n".encode()
        files[".gitignore"] = b"token.txt\n"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"prototype-{holding.id}/{name}", STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100600 if name == "token.txt" else 0o100644) << 16
            archive.writestr(entry, content)
    return made.getvalue()


def notebook_of(holding: Holding, language: Language, root: str) -> bytes:
    """The notebook of the project: the one of the dataset, with the terms first."""
    document = notebook(holding.entry, language)
    terms = terms_of(holding, language, f"{root}/datasets/{holding.id}")
    said = [f"- {plain(one)}" for one in terms.conditions]
    text = "\n".join([f"**{plain(terms.answer)}**", "", *said, "", plain(terms.attribution)])
    cell = {"cell_type": "markdown", "metadata": {}, "source": text, "id": "terms"}
    document["cells"].insert(1, cell)
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _read_me(holding: Holding, language: Language, root: str) -> str:
    terms = terms_of(holding, language, f"{root}/datasets/{holding.id}")
    conditions = "\n".join(f"- {plain(one)}" for one in terms.conditions)
    start = translate("Start it (Python 3.9 or later, nothing to install)", language)
    return f"""# {plain(holding.dataset.title.in_(language))}

{plain(terms.answer)}

{conditions}

{plain(terms.attribution)}

## {start}

    python3 client.py
    python3 serve.py
    python3 app.py

- `client.py`: {translate("the first rows in the terminal; --csv FILE takes all of them", language)}
- `serve.py`: {translate("the JavaScript app, on http://127.0.0.1:8800", language)}
- `app.py`: {translate("the Python app, on http://127.0.0.1:8801", language)}

{translate("A token goes into the file token.txt beside client.py. Share that file with nobody.", language)}
"""  # noqa: E501


def _line(text: str) -> str:
    """One line, without what a terminal or a page would take for a command."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def _figures(at: str) -> str:
    return "/".join(reversed(at.split("-"))) if at else "?"
