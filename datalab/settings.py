"""Every setting of the lab, with its default and a line of help.

A setting is read from the environment as ``DATALAB_<NAME>``. ``docs/reference/settings.md`` is
generated from this module.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from datalab.folders import CHECKOUT, Folders

__all__ = ["CHECKOUT", "Settings"]


class Settings(Folders):
    """Where things are and how the lab answers."""

    host: str = Field(default="127.0.0.1", description="Address that the proxy listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port that the proxy listens on.")
    node_proxy: bool = Field(
        default=False,
        description="Whether the proxy is the Node one on PATH, which holds back no header.",
    )
    portal_workers: int = Field(
        default=1,
        ge=1,
        le=16,
        description="Processes that answer for the portal, each on one processor; a browser stays "
        "with one. With more than one, the lab's own proxy is needed.",
    )
    max_bytes: int = Field(
        default=2_000_000_000, description="Largest file a connector may fetch or unpack, in bytes."
    )
    refresh_interval: int = Field(
        default=3600,
        ge=10,
        description="Seconds between two looks of the refresher at what is due.",
    )
    signin_hours: float = Field(
        default=24, gt=0, description="Hours that a sign-in link stays valid."
    )
    server_memory: int = Field(
        default=2_147_483_648, description="Memory limit of one notebook server, in bytes."
    )
    people_database: Path | None = Field(
        default=None, description="Database of accounts; hub/people.sqlite of the home by default."
    )
    oidc_issuer: str = Field(
        default="", description="Issuer of OpenID Connect; empty means the embedded accounts."
    )
    oidc_client_id: str = Field(default="", description="Client id at the OpenID provider.")
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""), description="Client secret at the OpenID provider."
    )
    oidc_name: str = Field(
        default="OpenID Connect", description="Name of the OpenID provider, as people know it."
    )
    oidc_scopes: str = Field(
        default="openid profile email", description="Scopes asked of the OpenID provider."
    )
    oidc_groups_claim: str = Field(
        default="groups", description="Claim of the OpenID provider that names groups."
    )
    oidc_groups: str = Field(
        default="",
        description="Their groups and ours: etudiants=students, enseignants=facilitators.",
    )
    oidc_default_group: str = Field(
        default="",
        description="Group of who is in none of those; empty means that they may not enter.",
    )
    picture_floor: int = Field(
        default=500_000_000,
        ge=0,
        description="Bytes of the disk that stay free: with less, no picture of a citizen is kept, "
        "and whoever sends one is told so.",
    )
    hub_database: SecretStr = Field(
        default=SecretStr(""),
        description="Address of a PostgreSQL for JupyterHub itself (postgresql+psycopg://…); empty "
        "means SQLite in the home.",
    )
    participation_database: SecretStr = Field(
        default=SecretStr(""),
        description="Address of a PostgreSQL for participation (postgresql+psycopg://…); empty "
        "means SQLite in the home.",
    )
    households_database: SecretStr = Field(
        default=SecretStr(""),
        description="Address of a PostgreSQL of its own for households (postgresql+psycopg://…), "
        "with a role that nothing else uses; empty means SQLite in the home.",
    )
    lake_database: SecretStr = Field(
        default=SecretStr(""),
        description="Address of a PostgreSQL of its own for the lake's working metadata "
        "(postgresql+psycopg://…), for publishers on several machines that share the folder "
        "``lake``; empty means files in the home.",
    )
    depot: str = Field(
        default="",
        description="Object store to which the published lakes go, s3://bucket/folder, or a folder "
        "that machines share, file:///folder; empty for none.",
    )
    depot_endpoint: str = Field(
        default="", description="Address of an S3-compatible server; empty for Amazon's."
    )
    depot_region: str = Field(default="us-east-1", description="Region of the object store.")
    depot_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key and secret of the object store, key:secret; empty: those of the machine.",
    )
    depot_reader: bool = Field(
        default=False,
        description="Whether this lab reads what another one publishes to the object store, and "
        "publishes nothing itself.",
    )
    depot_restricted: bool = Field(
        default=False, description="Whether restricted datasets go to the object store too."
    )
    smtp: SecretStr = Field(
        default=SecretStr(""),
        description="Mail server, smtp[s]://user:password@host:port; empty: no mail is sent.",
    )
    private_hosts: str = Field(
        default="",
        description="Machines of a private network whose links may be proposed as datasets, with "
        "a comma between two; links to any other are refused.",
    )
    mail_from: str = Field(default="", description="Sender of the lab's mail.")
    alert_mail: str = Field(
        default="",
        description="Whom the lab writes to when something is wrong with it, with a comma between "
        "two.",
    )
    alert_webhook: SecretStr = Field(
        default=SecretStr(""),
        description="Address that gets the same as JSON by POST, as chat servers read it.",
    )
    heartbeat_url: SecretStr = Field(
        default=SecretStr(""),
        description="Address outside the lab that is asked each minute while the lab is looked "
        "after; whoever is behind it raises the alarm when that ends.",
    )
    privacy_contact: str = Field(
        default="",
        description="Whom people write to about their data: an e-mail or postal address.",
    )
    public_url: str = Field(
        default="",
        description="Address of the lab as people reach it, for codes on a screen, mail and "
        "discovery; empty means the host that was asked for.",
    )
    jurisdiction: str = Field(
        default="metropole-dijon.fr",
        description="The jurisdiction_id of Open311: the web site of the authority, without www.",
    )
    key_reports_per_second: float = Field(
        default=50,
        gt=0,
        description="Reports a second that one Open311 key may send, and twenty times as many at "
        "once.",
    )
    token_requests_per_minute: int = Field(
        default=120, ge=1, description="Requests of data a minute with one personal token."
    )
    token_requests_per_day: int = Field(
        default=20_000, ge=1, description="Requests of data a day (UTC) with one personal token."
    )
    token_bytes_per_day: int = Field(
        default=5_000_000_000,
        ge=1,
        description="Bytes of data a day (UTC) with one personal token, before compression.",
    )
    anonymous_requests_per_minute: int = Field(
        default=1200,
        ge=0,
        description="Requests of data a minute from one address without a token, and as many at "
        "once; 0: no limit. Programs on this machine have none.",
    )
    home_quota: int = Field(
        default=2_000_000_000, description="Disk space of one home or project, in bytes."
    )
    largest_file: int = Field(
        default=1_000_000_000, description="Largest file that a notebook may write, in bytes."
    )
    server_processes: int = Field(
        default=512, ge=0, description="Processes and threads of one notebook server."
    )
    notebook_web: bool = Field(
        default=True, description="Whether notebooks reach the public web, through the lab."
    )
    notebook_hosts: str = Field(
        default="",
        description="Hosts near this machine that notebooks may reach: name or name:port, commas.",
    )
    gateway: str = Field(
        default="",
        description="Address of the lab's Dask Gateway, http://host:port; empty for none.",
    )
    gateway_schedulers: str = Field(
        default="",
        description="host:port of the schedulers of Dask Gateway; as its address where empty.",
    )
    processor_hour_euros: float = Field(
        default=0, ge=0, description="What an hour of one processor costs; 0 shows no price."
    )
    idle_minutes: float = Field(
        default=60, gt=0, description="Minutes without activity after which a server is stopped."
    )
    idle_warning_minutes: float = Field(
        default=5, ge=0, description="Minutes before that at which its person is warned."
    )
    quiet_seconds: float = Field(
        default=20, gt=0, description="Seconds without a change before a project is committed."
    )
    grace_days: float = Field(
        default=30, ge=0, description="Days before a deleted project is really gone."
    )
    notice_days: float = Field(
        default=30,
        ge=0,
        description="Days that a change which breaks what uses a dataset waits; 0: none. A dataset "
        "may say its own (notice_days).",
    )
    keep_snapshots: int = Field(
        default=200,
        ge=1,
        description="Newest snapshots of a dataset that the clean-up always leaves, where the "
        "dataset says no number of its own (keep_snapshots).",
    )
    keep_days: float = Field(
        default=90,
        ge=2,
        description="Days since a snapshot was replaced before the clean-up may remove it, where "
        "its dataset says no number of snapshots.",
    )
    lookup_bytes: int = Field(
        default=256_000_000,
        ge=0,
        description="Memory of the portal for open tables in which a row is found by its key at "
        "once, in bytes; 0 keeps none.",
    )
    shipped_pages: bool = Field(
        default=True,
        description="Whether the lab runs the projects that come with it, and publishes their "
        "pages, whenever their data changed.",
    )
    concurrent_spawns: int = Field(
        default=0, ge=0, description="Servers that start at once; 0 means processors + 1."
    )

    @model_validator(mode="after")
    def _depot_of_a_reader(self) -> Self:
        if self.depot_reader and not self.depot:
            raise ValueError("depot_reader: name in DATALAB_DEPOT what this lab reads")
        return self

    @model_validator(mode="after")
    def _one_proxy(self) -> Self:
        if self.node_proxy and self.portal_workers > 1:
            raise ValueError("portal_workers: the Node proxy knows one worker; set one, or no Node")
        return self

    @property
    def schedulers(self) -> str:
        """``host:port`` where the schedulers of Dask Gateway answer; empty for none."""
        return self.gateway_schedulers or urlsplit(self.gateway).netloc

    @property
    def people(self) -> Path:
        """The database of accounts, invitations and the audit log."""
        return self.people_database or self.home / "hub" / "people.sqlite"

    @property
    def hub(self) -> str:
        """Address of JupyterHub's own database."""
        given = self.hub_database.get_secret_value()
        return given or f"sqlite:///{self.home / 'hub' / 'hub.sqlite'}"

    @property
    def participation(self) -> str:
        """Address of the database of what people say without an account."""
        given = self.participation_database.get_secret_value()
        return given or f"sqlite:///{self.home / 'participation' / 'participation.sqlite'}"

    @property
    def households(self) -> str:
        """Address of the database of households, apart from all others."""
        given = self.households_database.get_secret_value()
        return given or f"sqlite:///{self.custody / 'households.sqlite'}"

    @property
    def worked_in(self) -> str:
        """Address of the database of the lake's working metadata; empty where they are files."""
        return self.lake_database.get_secret_value()

    @property
    def databases(self) -> dict[str, SecretStr]:
        """Addresses for the connector ``sql`` by name: DATALAB_SQL_<NAME> in the environment."""
        begin = "DATALAB_SQL_"
        return {
            name.removeprefix(begin).lower(): SecretStr(value)
            for name, value in os.environ.items()
            if name.startswith(begin) and value
        }
