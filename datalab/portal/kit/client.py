"""Read one dataset of the data lab from outside of it.

Only Python's standard library (3.9 or later). On a command line: ``python client.py`` shows the
first rows; ``python client.py --csv table.csv`` takes the whole table; ``--help`` says the rest.

What is known of the dataset is in ``config.json``. A token, where one is needed, is the content of
``token.txt`` or of the variable ``DATALAB_TOKEN``: never write it into a program.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

HERE = Path(__file__).resolve().parent
PATIENCE = 30  # seconds
TOKEN = re.compile(r"dlt_[A-Za-z0-9_-]{43}")


class Problem(Exception):
    """What went wrong, in a sentence for whoever uses the program."""


@dataclass(frozen=True)
class About:
    """What the lab says of the dataset now. ``warnings`` are to be shown before anything else."""

    title: str
    attribution: str
    quality: str
    published_at: str
    warnings: list[str]


class _Stay(HTTPRedirectHandler):
    """Follow nothing: the token must not reach another address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Client:
    """The dataset that ``config.json`` names."""

    def __init__(self, folder: Path = HERE) -> None:
        self.config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
        self.words: dict[str, str] = self.config["words"]
        self.api = str(self.config["api"]).rstrip("/")
        if urlsplit(self.api).scheme not in ("https", "http"):
            raise Problem(self.words["unreachable"])
        self.token = _token(folder)
        self.dataset = quote(self.config["dataset"], safe="")
        self.quality_header = ""
        self._opener = build_opener(_Stay)

    def about(self) -> About:
        """What the lab says of the dataset.

        Raises
        ------
        Problem
        """
        said = self._json(f"/datasets/{self.dataset}.json?" + self._query(limit=1))
        known, now = self.config["columns"], {one["name"]: one for one in said["columns"]}
        warnings = []
        if said.get("held"):
            held = said["held"]
            warnings.append(
                f"{self.words['announced']} {held['until'][:10]} : {' '.join(held['changes'])}"
            )
        gone = [name for name in known if name not in now]
        other = [n for n in known if n in now and now[n]["type"] != known[n]["type"]]
        if gone:
            warnings.append(f"{self.words['gone']} {', '.join(gone)}")
        if other:
            warnings.append(f"{self.words['retyped']} {', '.join(other)}")
        if self.config["synthetic"]:
            warnings.append(self.words["synthetic"])
        state = said["state"]
        at = str(state.get("published_at") or "")[:10]
        line = self.config["attribution"]
        attribution = f"{line['before']}{_day(at) or '?'}{line['after']}"
        return About(self.config["title"], attribution, state["label"], at, warnings)

    def rows(self, most: int = 100, **filters: Any) -> Iterator[dict[str, Any]]:
        """At most ``most`` rows, page by page, all of one version of the dataset.

        ``filters`` are those of the interface: ``population__gt=1000``, ``sort="-population"``.

        Raises
        ------
        Problem
        """
        query = self._query(limit=min(most, 1000), count="false", **filters)
        path: str | None = f"/api/v1/datasets/{self.dataset}/rows?{query}"
        left = most
        while path is not None and left > 0:
            page = self._json(path)
            yield from page["rows"][:left]
            left -= len(page["rows"])
            following = page.get("next")
            # Only the question is taken from the answer, not whom to ask.
            path = urlsplit(path)[2] + "?" + urlsplit(following).query if following else None

    def save(self, target: Path) -> None:
        """The whole table as CSV, safe to open in a spreadsheet.

        Raises
        ------
        Problem
        """
        path = f"/datasets/{self.dataset}.csv?dialect=safe"
        with self._open(path) as answer, target.open("wb") as file:
            shutil.copyfileobj(answer, file)

    def _query(self, **parameters: Any) -> str:
        return urlencode({**parameters, "lang": self.config["language"]})

    def _json(self, path: str) -> dict[str, Any]:
        with self._open(path) as answer:
            try:
                found = json.loads(answer.read())
            except (ValueError, OSError):
                raise Problem(self.words["unreachable"]) from None
        if not isinstance(found, dict):
            raise Problem(self.words["unreachable"])
        return found

    def _open(self, path: str) -> Any:
        request = Request(self.api + path, headers={"User-Agent": "datalab-prototype"})  # noqa: S310
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            answer = self._opener.open(request, timeout=PATIENCE)
        except HTTPError as error:
            raise Problem(self._refused(error)) from None
        except (URLError, OSError):
            raise Problem(self.words["unreachable"]) from None
        self.quality_header = answer.headers.get("Datalab-Quality", self.quality_header)
        return answer

    def _refused(self, error: HTTPError) -> str:
        said = {400: "changed", 401: "token", 403: "refused", 404: "absent", 429: "quota"}
        sentence = self.words[said.get(error.code, "unreachable")]
        wait = error.headers.get("Retry-After", "")
        if error.code == 429 and wait.isdigit():
            sentence += f" ({wait} s)"
        return sentence


def _token(folder: Path) -> str:
    """The token, empty where there is none or what there is looks like none."""
    words = os.environ.get("DATALAB_TOKEN", "")
    if not words and (folder / "token.txt").is_file():
        words = (folder / "token.txt").read_text("utf-8")
    return words.strip() if TOKEN.fullmatch(words.strip()) else ""


def _day(at: str) -> str:
    return "/".join(reversed(at.split("-")))


def _clean(value: Any) -> str:
    """A value for a terminal, in which nothing is a command to it."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return "".join(c if c.isprintable() else " " for c in text)[:40]


def main() -> int:
    client = Client()
    words = client.words
    parser = argparse.ArgumentParser(description=_clean(client.config["dataset"]))
    parser.add_argument("--rows", type=int, default=10, metavar="N", help=words["help_rows"])
    parser.add_argument("--csv", type=Path, metavar="FILE", help=words["help_csv"])
    asked = parser.parse_args()
    try:
        about = client.about()
        for warning in about.warnings:
            print(f"! {warning}", file=sys.stderr)
        if asked.csv:
            client.save(asked.csv)
            print(asked.csv)
        else:
            shown = client.config["shown"]
            print(" | ".join(shown))
            for row in client.rows(asked.rows):
                print(" | ".join(_clean(row.get(name)) for name in shown))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{words['quality']} {about.quality} ({client.quality_header})")
    print(about.attribution)
    return 0


if __name__ == "__main__":
    sys.exit(main())
