"""Every setting of the lab, with its default and a line of help.

A setting is read from the environment as ``DATALAB_<NAME>``. ``docs/reference/settings.md`` is
generated from this module.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Where things are and how the lab answers."""

    model_config = SettingsConfigDict(env_prefix="DATALAB_", extra="ignore", frozen=True)

    home: Path = Field(
        default=CHECKOUT / ".datalab", description="Folder that holds all state, mode 0700."
    )
    catalog: Path = Field(
        default=CHECKOUT / "catalog", description="Folder of the dataset YAML files."
    )
    projects: Path = Field(
        default=CHECKOUT / "projects", description="Folder of the co-built projects."
    )
    host: str = Field(default="127.0.0.1", description="Address that the proxy listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port that the proxy listens on.")
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
    concurrent_spawns: int = Field(
        default=0, ge=0, description="Servers that start at once; 0 means processors + 1."
    )

    @property
    def lake(self) -> Path:
        """Published lakes: one folder per access class, safe to mount read-only."""
        return self.home / "lake"

    @property
    def writer(self) -> Path:
        """Working metadata of the one writer, never mounted anywhere."""
        return self.home / "writer"

    @property
    def staging(self) -> Path:
        return self.home / "staging"

    @property
    def cache(self) -> Path:
        """Downloads that can be made again."""
        return self.home / "cache"

    @property
    def assets(self) -> Path:
        """Scripts and styles of the pages, taken from pinned packages at set-up."""
        return self.home / "assets"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets"

    @property
    def run(self) -> Path:
        """Process identities and sockets of what runs now."""
        return self.home / "run"

    @property
    def logs(self) -> Path:
        return self.home / "logs"
