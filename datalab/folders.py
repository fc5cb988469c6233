"""Where things are: the folders of a lab, most of them below its home."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parent.parent


class Folders(BaseSettings):
    """The settings that are folders, and what lies in the home."""

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

    @property
    def lake(self) -> Path:
        """Published lakes: one folder per access class, safe to mount read-only."""
        return self.home / "lake"

    @property
    def depot_ledgers(self) -> Path:
        """What this lab knows of the object store without asking."""
        return self.home / "depot"

    @property
    def custody(self) -> Path:
        """Folder of what households keep: their database and, beside it, their own key."""
        return self.home / "households"

    @property
    def lineage(self) -> Path:
        """The database of which project reads which snapshot."""
        return self.home / "hub" / "lineage.sqlite"

    @property
    def pictures(self) -> Path:
        """Pictures that people sent, encoded anew."""
        return self.home / "participation" / "pictures"

    @property
    def own_catalog(self) -> Path:
        """YAML of the datasets that this lab made by itself, such as questionnaires."""
        return self.home / "catalog"

    @property
    def proposals(self) -> Path:
        """Files and drafts of datasets that people propose, until they are accepted or old."""
        return self.home / "proposals"

    @property
    def shared(self) -> Path:
        """Projects made in this lab; ``projects`` holds those that come with it."""
        return self.home / "projects"

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
