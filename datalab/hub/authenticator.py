"""Who may sign in at the hub: accounts of the store, by whichever way they came.

Every way (link, password, invitation, OpenID provider) ends in an :class:`Entry` that only code
of the hub can make; a posted form opens nothing by itself.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler
from traitlets import Bool, Unicode

from datalab.errors import RightMissing
from datalab.i18n import Phrase, translate
from datalab.people import accounts
from datalab.people.accounts import Account
from datalab.people.identity import identity
from datalab.people.rights import PROJECT_MEANING, may_in_project
from datalab.people.store import Store
from datalab.projects import membership
from datalab.projects.project import Projects, slug_of_account

Way = str

# JupyterHub 6.1.1 reads it before anything sets it, where a page is asked for with the cookie of an
# account that is closed: a trace in the log on the way to the login page.
BaseHandler._token_authenticated = False


@dataclass(frozen=True)
class Entry:
    """Somebody proved to be ``account``, by ``way`` (link, password, invitation or oidc)."""

    account: str
    way: Way


class Accounts(Authenticator):  # type: ignore[misc]
    """What every authenticator of the lab does with an account that was proved."""

    store_path = Unicode(help="Database of people").tag(config=True)
    welcome = Unicode("bienvenue", help="Path opened in a person's first notebook").tag(config=True)
    projects_path = Unicode(help="Projects of this lab").tag(config=True)
    shipped_path = Unicode(help="Projects that come with the lab").tag(config=True)
    passwords = Bool(True, help="Whether accounts of the lab have passwords")
    provider = Unicode(help="Name of the OpenID provider, on its button").tag(config=True)

    @property
    def store(self) -> Store:
        return Store(Path(self.store_path))

    def add_viewer(self, slug: str, account: str, actor: str, now: float) -> None:
        """A guest's role in the project that the invitation of ``actor`` named.

        Raises
        ------
        RightMissing
            where ``actor`` no longer decides who is in the project.
        ProjectError
        """
        projects = Projects(Path(self.projects_path), Path(self.shipped_path))
        inviter = self.opened(actor, now)
        held = projects.get(slug).manifest
        role = held.role_of(actor, inviter.created_at) if inviter else None
        # No account has a colon in its name: this is whoever runs the machine.
        trusted = actor.startswith("terminal:")
        if not trusted and not may_in_project(role, "project:members"):
            right = PROJECT_MEANING["project:members"]
            raise RightMissing(right=right, whom=Phrase("an owner of the project"))
        membership.invite(projects, self.store, now, actor, slug, account, "viewer")

    def opened(self, name: str, now: float) -> Account | None:
        """The account of that name where it may enter."""
        account = accounts.find(self.store, name)
        return account if account is not None and account.may_enter(now) else None

    async def authenticate(
        self, handler: BaseHandler, data: Any = None, **options: Any
    ) -> dict[str, Any] | None:
        entry = data.get("entry") if isinstance(data, dict) else None
        if not isinstance(entry, Entry):
            return None
        account = self.opened(entry.account, time.time())
        return model(account) if account else None

    async def refresh_user(self, user: Any, handler: Any = None, **options: Any) -> Any:
        """False for who was disabled, removed or is over: asked every few seconds of use.

        The accounts of projects are no people: the manifest decides about them.
        """
        if slug_of_account(user.name):
            return True
        account = self.opened(user.name, time.time())
        if account is None:
            return False
        current = model(account)
        same = user.admin == current["admin"] and user.user_info == current["user_info"]
        return True if same else current

    def get_handlers(self, app: Any) -> list[tuple[str, type[BaseHandler]]]:
        from datalab.hub.invitation import JoinHandler, LeaveHandler
        from datalab.hub.passing import FlagHandler, TrainingHandler
        from datalab.hub.password import LoginHandler, PasswordHandler
        from datalab.hub.signin import SigninHandler
        from datalab.hub.signout import SignoutHandler

        others = [entry for entry in super().get_handlers(app) if entry[0] != "/login"]
        return [
            *others,
            (r"/login", LoginHandler),
            (r"/signin", SigninHandler),
            (r"/password", PasswordHandler),
            (r"/api/datalab/signout/([^/]+)", SignoutHandler),
            (r"/api/datalab/flags/([a-z0-9-]{1,60})", FlagHandler),
            (r"/api/datalab/training/([a-z-]{1,40})", TrainingHandler),
            (r"/rejoindre(?:/([^/]*))?", JoinHandler),
            (r"/quitter", LeaveHandler),
        ]


class LabAuthenticator(Accounts):
    """The embedded default: accounts of the lab itself."""


def model(account: Account) -> dict[str, Any]:
    """What JupyterHub keeps of an account. Nobody is its admin: rights come from groups."""
    shown = identity(account.name, account.display, account.groups)
    if account.kind == "guest":
        # Whatever guests call themselves, the others see that they are guests.
        shown["group"] = translate("{groups} (guest)", groups=shown["group"])
    return {"name": account.name, "admin": False, "user_info": dict(shown)}
