"""A Jupyter server extension: a link that opens a ready notebook for a dataset.

``GET {base}/datalab/open?dataset=ID`` writes ``ID.ipynb`` into the home where it is missing, never
over a file that is there, and leads to it in JupyterLab. An unknown dataset gets a plain page with
the nearest name. Nothing of a request but an identifier found in the index ever becomes a path.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from datalab.errors import NotPublished, UnknownDataset
from datalab.i18n import Language, negotiate, translate
from datalab.lake.index import Entry, read_index

IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 60


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Jupyter Server's own name for what this module offers."""
    return [{"module": "datalab.notebook.opener"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Put the route where Jupyter Server finds it."""
    web_app = server.web_app
    route = url_path_join(web_app.settings["base_url"], "datalab", "open")
    settings = {"home": Path(server.root_dir), "lake": lake_of(os.environ)}
    web_app.add_handlers(".*$", [(route, OpenHandler, settings)])


load_jupyter_server_extension = _load_jupyter_server_extension


def lake_of(environment: Mapping[str, str]) -> Path:
    """The published lakes that this server may read."""
    if found := environment.get("DATALAB_LAKE"):
        return Path(found)
    from datalab.settings import Settings

    return Settings().lake


def find(dataset: str, lake: Path) -> Entry:
    """The published dataset of that id or SQL name.

    Raises
    ------
    UnknownDataset, NotPublished
    """
    entries = read_index(lake)
    entry = entries.get(dataset) or entries.get(dataset.replace("_", "-"))
    if entry is None or not IDENTIFIER.fullmatch(entry.id) or len(entry.id) > LONGEST:
        raise UnknownDataset(dataset[:LONGEST], entries)
    if entry.good is None:
        reason = str((entry.record or {}).get("state") or "")
        raise NotPublished(dataset=entry.id, reason=reason)
    return entry


def write_once(home: Path, entry: Entry, language: Language) -> str:
    """The name of the dataset's notebook in ``home``, written if it is not there.

    A file, a folder or a link of that name is somebody's work and stays as it is.
    """
    # Here, because every server loads this module and few ever write a notebook.
    from datalab.notebook.template import notebook

    name = f"{entry.id}.ipynb"
    document = json.dumps(notebook(entry, language), ensure_ascii=False, indent=1) + "\n"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        descriptor = os.open(home / name, flags, 0o644)
    except FileExistsError:
        return name
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(document)
    return name


class OpenHandler(JupyterHandler):
    """The route, for the person whose server it is."""

    def initialize(self, home: Path, lake: Path) -> None:
        self.home, self.lake = home, lake

    @web.authenticated
    def get(self) -> None:
        """Write if missing, then lead there."""
        language = negotiate(self.request.headers.get("Accept-Language"))
        asked = self.get_query_argument("dataset", "")
        try:
            name = write_once(self.home, find(asked, self.lake), language)
        except (UnknownDataset, NotPublished) as error:
            suggestion = error.suggestion if isinstance(error, UnknownDataset) else None
            self.set_status(error.status)
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.finish(page(error.message(language), suggestion, self.base_url, language))
            return
        self.redirect(url_path_join(self.base_url, "lab/tree", quote(name)))


def page(message: str, suggestion: str | None, base_url: str, language: Language) -> str:
    """What a person reads where there is nothing to open."""
    title = translate("This dataset cannot be opened", language)
    offer = ""
    if suggestion:
        address = url_path_join(base_url, f"datalab/open?dataset={quote(suggestion)}")
        words = translate("Open “{dataset}”", language, dataset=suggestion)
        offer = f'<p><a href="{escape(address)}">{escape(words)}</a></p>'
    lab = escape(url_path_join(base_url, "lab"))
    back = escape(translate("Go to JupyterLab", language))
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head>"
        '<body style="font-family:system-ui,sans-serif;max-width:40em;margin:3em auto;'
        'padding:0 1em"><main>'
        f"<h1>{escape(title)}</h1><p>{escape(message)}</p>{offer}"
        f'<p><a href="{lab}">{back}</a></p></main></body></html>'
    )
