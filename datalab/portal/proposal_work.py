"""What a proposal waits for: its link fetched, its file read, its draft tried.

Each runs on a thread of the portal, and reading and trying in a child process with limits. The
page looks again until it is done; work that a restart interrupted begins anew when it is looked at.
"""

from __future__ import annotations

import logging
import shutil
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, replace
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

from datalab.catalog.dataset import Dataset
from datalab.connectors import http
from datalab.connectors.transfer import Patience
from datalab.errors import DatalabError, ProposalRefused, SourceRefused
from datalab.i18n import LANGUAGES, Phrase
from datalab.inspection.found import Inspection
from datalab.inspection.inspect import inspect
from datalab.inspection.naming import slug
from datalab.portal.language import now
from datalab.portal.proposal_form import MOST_COLUMNS, corrected, document_for
from datalab.portal.proposal_written import digest_of, yaml_of
from datalab.proposal import ANY, LARGEST, Proposal, Proposals
from datalab.settings import Settings
from datalab.trial import trial

LOG = logging.getLogger("datalab.portal")
ATONCE = 2  # proposals that are worked on at once
MACHINE = "lab"
BRIEF = Patience(attempts=2, whole=600.0, longest=10.0)


class Works:
    """The work of one portal."""

    def __init__(self, proposals: Proposals, settings: Settings) -> None:
        self.proposals, self.settings = proposals, settings
        self._pool = ThreadPoolExecutor(ATONCE, "proposal")
        self._running: dict[str, Future[None]] = {}
        self._lock = Lock()

    def see_to(self, one: Proposal, seconds: float = 0) -> Proposal:
        """Begin what ``one`` waits for, where nobody did; its state after ``seconds`` at most."""
        if one.state != "reading" and not one.trying:
            return one
        with self._lock:
            running = self._running.get(one.id)
            if running is None:
                running = self._pool.submit(self._guarded, one.id)
                self._running[one.id] = running
        wait([running], seconds)
        return self.proposals.get(one.id)

    def _guarded(self, id: str) -> None:
        try:
            one = self.proposals.get(id)
            # As it is now: work that was done meanwhile and is done again makes a form an old one.
            if one.state == "reading":
                self._read(one)
            elif one.trying:
                self._try(one)
        except DatalabError as error:
            self._unreadable(id, error)
        except Exception:
            LOG.exception("proposal %s", id)
            self._unreadable(id, DatalabError())
        finally:
            with self._lock:
                self._running.pop(id, None)

    def _unreadable(self, id: str, error: DatalabError) -> None:
        problem: dict[str, str] = {language: error.message(language) for language in LANGUAGES}

        def made(one: Proposal) -> Proposal:
            if one.state == "reading":
                return replace(one, state="unreadable", problem=problem)
            return replace(one, trying="", tried="", trial=None, problem=problem)

        try:
            self.proposals.change(id, ANY, MACHINE, "fail", now().timestamp(), made)
        except DatalabError:
            LOG.info("proposal %s is gone", id)

    def _read(self, one: Proposal) -> None:
        file = self.proposals.file(one.id)
        if one.url and not file.is_file():
            self._fetch(one, file)
        name = one.name or unquote(urlsplit(one.url).path.rsplit("/", 1)[-1]) or "data"
        found = inspect(file, name=name[:120].replace("/", "_") or "data", max_bytes=LARGEST)
        if len(found.columns) > MOST_COLUMNS:
            reason = Phrase(
                "it has {count} columns, and a form holds {most} at most; its YAML can be written "
                "by “datalab inspect”",
                count=len(found.columns),
                most=MOST_COLUMNS,
            )
            raise ProposalRefused(field="file", reason=reason)
        identity = slug(found.name)[:60].strip("-") or "data"
        draft, fields = document_for(found, identity, one.url, one.steward, one.private)
        made = corrected(found, draft, fields)

        def filled(before: Proposal) -> Proposal:
            read = replace(
                before,
                state="draft",
                inspection=found.as_plain(),
                document=made.document,
                theme=made.theme,
                typed=fields,
                problem={},
            )
            return replace(read, trying=digest_of(read))  # its rows and checks are shown at once

        self._try(self.proposals.change(one.id, ANY, MACHINE, "read", now().timestamp(), filled))

    def _fetch(self, one: Proposal, file: Path) -> None:
        """The file at a link, by the rules of the connector: public addresses only."""
        asked: dict[str, Any] = {
            "id": "proposal",
            "title": {"fr": "-", "en": "-"},
            "description": {"fr": "-", "en": "-"},
            "publisher": "-",
            "license": "not-stated",
            "steward": "-",
            "periodicity": "once",
            # Said to be packed, it is not expected to be a table: the inspection says what it is.
            "source": {
                "connector": "http",
                "url": one.url,
                "compression": "gzip",
                "allow_private": one.private,
            },
            "columns": {"x": {"type": "varchar", "description": {"fr": "-", "en": "-"}}},
        }
        dataset = Dataset.model_validate(asked).located("territory", Path("proposal.yaml"))
        cache = self.proposals.folder(one.id) / "cache"
        try:
            fetched = http.fetch(dataset, cache=cache, max_bytes=LARGEST, patience=BRIEF)
        except SourceRefused:
            reason = Phrase(
                "the lab does not fetch links to a private network; send the file itself, or ask "
                "the operator to allow this machine"
            )
            raise ProposalRefused(field="url", reason=reason) from None
        partial = file.with_name("file.part")
        shutil.copyfile(fetched.path, partial)
        partial.replace(file)
        shutil.rmtree(cache, ignore_errors=True)

    def _try(self, one: Proposal) -> None:
        found = trial(yaml_of(one), self.proposals.file(one.id), self.settings)
        digest = digest_of(one)

        def filled(before: Proposal) -> Proposal:
            if digest_of(before) != digest:  # corrected meanwhile: it is tried again
                return before
            return replace(before, trying="", tried=digest, trial=asdict(found), problem={})

        self.proposals.change(one.id, ANY, MACHINE, "try", now().timestamp(), filled)


def inspection_of(one: Proposal) -> Inspection:
    """
    Raises
    ------
    ProposalRefused
        where it was not read yet.
    """
    if one.inspection is None:
        raise ProposalRefused(field="", reason=Phrase("its file is not read yet"))
    return Inspection.from_plain(one.inspection)


def draft_of(one: Proposal, inspection: Inspection) -> dict[str, Any]:
    """The draft from which the form was made, the same each time."""
    identity = slug(inspection.name)[:60].strip("-") or "data"
    return document_for(inspection, identity, one.url, one.steward or one.owner, one.private)[0]
