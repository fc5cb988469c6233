"""Taking a file of a project back to an earlier version, never behind a running server.

A server keeps open notebooks in memory: a file that changes under it is overwritten by what it
holds, or overwrites what somebody is typing. So a running server is asked to make the change
itself, as one edit that everybody sees; only where none runs is the file written.
"""

from __future__ import annotations

from collections.abc import Mapping

from datalab.errors import HubUnreachable, NotRestored
from datalab.projects import files, history
from datalab.projects.history import Author, Work
from datalab.projects.project import Project, locked
from datalab.projects.quiet import commit_now
from datalab.projects.server import ProjectServers


def restore(
    project: Project,
    version_id: str,
    path: str,
    *,
    servers: ProjectServers,
    owner: int | None,
    now: float,
    author: Author,
    displays: Mapping[str, str],
    message: str,
) -> bool:
    """Put ``path`` back as it was in ``version_id``; True where a running server did it.

    What stood there is committed first, so that this can be taken back too. ``owner`` is the uid
    of the project's files, None where they belong to the lab's own account.

    Raises
    ------
    UnknownVersion
    NotRestored
        where the version does not hold the file, or neither server nor folder took it.
    """
    content = history.read(project, version_id, path)
    if content is None:
        raise NotRestored(path=path)
    work = Work(project)
    with locked(project.folder):
        commit_now(work, project, now, displays)
        live = servers.state(project) != "asleep"
        if live:
            try:
                text = content.decode("utf-8")
                document = {"path": path, "content": text}
                servers.ask(project, "POST", "datalab/restore", document, seconds=20.0)
            except (HubUnreachable, ValueError) as error:
                raise NotRestored(path=path) from error
        elif not files.write(project.work, path, content, owner):
            raise NotRestored(path=path)
        work.commit(now + 1, [author], message)
    return live
