"""How to name a snapshot of a dataset so that somebody else finds exactly the same data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

from datalab.i18n import Language, translate
from datalab.notebook.wording import day

if TYPE_CHECKING:
    from datalab.notebook.dataset import Dataset

BIBTEX_SPECIAL = re.compile(r"([&%$#_{}])")


@dataclass(frozen=True)
class Citation:
    """Facts of a citation; ``text`` and ``bibtex`` write them out.

    Attributes
    ----------
    date
        day the snapshot was published, ISO 8601.
    sha256
        of the file that came from the source.
    """

    dataset: str
    title: str
    publisher: str
    snapshot: int | None
    date: str
    sha256: str
    license: str
    source: str
    url: str
    language: Language = "fr"

    @classmethod
    def of(cls, dataset: Dataset) -> Citation:
        """The citation of the snapshot that ``dataset`` is pinned to."""
        from datalab.catalog.vocabulary import LICENSES

        described, published = dataset.entry.dataset, dataset.published
        license = LICENSES.get(described["license"])
        portal = dataset.lab.portal_url
        good = dataset.entry.good or {}
        return cls(
            dataset=dataset.id,
            title=dataset.title,
            publisher=described["publisher"],
            snapshot=dataset.snapshot,
            date=str(published.get("at") or "")[:10],
            sha256=str(published.get("sha256") or ""),
            license=license.title if license else described["license"],
            source=str(described.get("publisher_url") or good.get("source_url") or ""),
            # Without its host an address leads nowhere from a paper.
            url=f"{portal.rstrip('/')}/datasets/{dataset.id}"
            if portal and portal.startswith(("https://", "http://"))
            else "",
            language=dataset.language,
        )

    def as_dict(self) -> dict[str, Any]:
        """The fields of a BibTeX ``@misc`` entry, with what it has no field for."""
        return {
            "key": f"{self.dataset}-{self.snapshot}",
            "author": self.publisher,
            "title": self.title,
            "year": self.date[:4],
            "date": self.date,
            "version": self.snapshot,
            "sha256": self.sha256,
            "license": self.license,
            "howpublished": self.source,
            "url": self.url,
        }

    @property
    def text(self) -> str:
        """One sentence for a text or a slide."""
        language = self.language
        shown = day(date.fromisoformat(self.date), language) if self.date else ""
        parts = [
            f"{self.publisher}, " + translate("“{title}”", language, title=self.title),
            translate("dataset “{id}”", language, id=self.dataset),
            translate("snapshot {number} of {day}", language, number=self.snapshot, day=shown),
            self.license,
        ]
        if self.sha256:
            parts.append(f"sha256 {self.sha256}")
        parts += [address for address in (self.source, self.url) if address]
        return ", ".join(parts) + "."

    @property
    def bibtex(self) -> str:
        """A BibTeX ``@misc`` entry."""
        note = f"snapshot {self.snapshot}, sha256 {self.sha256}, {self.license}"
        fields = {
            "author": f"{{{_tex(self.publisher)}}}",
            "title": _tex(self.title),
            "year": self.date[:4],
            "howpublished": _tex(self.source),
            "url": self.url,
            "note": _tex(note),
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@misc{{{self.dataset}-{self.snapshot},", *lines, "}"])

    def _repr_html_(self) -> str:
        return (
            f'<div lang="{self.language}"><p>{escape(self.text)}</p>'
            f"<details><summary>BibTeX</summary><pre>{escape(self.bibtex)}</pre></details></div>"
        )

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{self.text}\n\n{self.bibtex}"


def _tex(text: str) -> str:
    return BIBTEX_SPECIAL.sub(r"\\\1", text.replace("\\", "/"))
