"""When a project is committed: once nobody has changed anything for a moment.

Who typed comes from ``work/.datalab/authors.jsonl``, which the project's server writes. The
project's own code could write it too: names that are not members are not believed, and a version
says no more than that a member's account was at work.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from datalab.projects.history import Author, Version, Work, versions
from datalab.projects.journal import journal_lines
from datalab.projects.project import Project

LONGEST_WAIT = 300.0  # seconds: who types without a pause is committed too
JOURNAL = "authors.jsonl"
LARGEST_JOURNAL = 5_000_000  # bytes read, from the end


@dataclass
class Quiet:
    """Watches one project. Forgetting it (a restart) loses nothing: the files are what counts."""

    work: Work
    _stamps: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    _changed_at: float | None = None
    _since: float | None = None
    _committed: dict[str, tuple[int, int, int]] | None = None

    def look(
        self, project: Project, now: float, quiet_seconds: float, displays: Mapping[str, str]
    ) -> Version | None:
        """Commit where the files have been quiet long enough; the version that was made."""
        self.work.project = project
        stamps = self.work.stamps()
        if stamps == self._committed:
            self._changed_at = self._since = None
            return None
        if stamps != self._stamps or self._changed_at is None:
            self._stamps, self._changed_at = stamps, now
            self._since = now if self._since is None else self._since
        quiet = now - self._changed_at >= quiet_seconds
        long = self._since is not None and now - self._since >= LONGEST_WAIT
        if not quiet and not long:
            return None
        return self.commit(project, now, displays)

    def commit(self, project: Project, now: float, displays: Mapping[str, str]) -> Version | None:
        """Commit what there is now."""
        self.work.project = project
        stamps = self.work.stamps()
        made = commit_now(self.work, project, now, displays)
        self._committed, self._changed_at, self._since = stamps, None, None
        return made


def commit_now(
    work: Work, project: Project, now: float, displays: Mapping[str, str], message: str = ""
) -> Version | None:
    """A version of now by those who typed since the last one."""
    last = versions(project, limit=1)
    who = writers(project, since=last[0].at if last else 0.0)
    authors = [Author(name, displays.get(name, name)) for name in who]
    return work.commit(now, authors, message)


def writers(project: Project, since: float) -> list[str]:
    """Members who typed after ``since``, the busiest first."""
    members = {member.account for member in project.manifest.members}
    counted: Counter[str] = Counter()
    for line in journal_lines(project.work, JOURNAL, LARGEST_JOURNAL):
        try:
            entry = json.loads(line)
            name, at = entry["name"], float(entry["at"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
        if isinstance(name, str) and name in members and at >= since - 60:
            counted[name] += 1
    return [name for name, _ in counted.most_common()]
