"""Every error that a person can meet, as one tree.

A class takes facts, not sentences: ``UnknownDataset("bike-count", known=[...])``. Its message
names the thing, the reason and the next step, in the reader's language; ``code`` and ``status``
never change once published. ``as_json`` is the only JSON shape of an error in the lab.
"""

from __future__ import annotations

from datalab.errors.access import (
    AccessRefused,
    DownloadRefused,
    ExpectationRefused,
)
from datalab.errors.catalog import (
    CatalogError,
    InvalidCatalog,
    UnknownDataset,
)
from datalab.errors.deployment import (
    AlreadyRunning,
    DeploymentError,
    NotRunning,
    PortBusy,
    UnknownPersona,
)
from datalab.errors.lake import (
    LakeBusy,
    LakeEmpty,
    LakeError,
    NotPublished,
    QueryRefused,
    RefresherRunning,
    RefreshFailed,
    UnknownSnapshot,
)
from datalab.errors.notebook import (
    LargerThanMemory,
    NoPlaces,
    NotebookError,
    NothingToDraw,
    SeveralValuesPerPlace,
    UnknownColumn,
    UnknownMethod,
)
from datalab.errors.people import (
    AccountExists,
    FormExpired,
    InvalidName,
    PeopleError,
    RightMissing,
    SignInNeeded,
    UnknownAccount,
    UnknownGroup,
)
from datalab.errors.project import (
    HubUnreachable,
    InvalidManifest,
    InvalidSlug,
    ProjectClosed,
    ProjectError,
    ProjectExists,
    UnknownProject,
    UnknownVersion,
)
from datalab.errors.request import (
    InvalidParameter,
    MethodRefused,
    NoGeometry,
    RequestError,
    TooMuch,
    UnknownPage,
)
from datalab.errors.root import (
    DatalabError,
    nearest,
)
from datalab.errors.source import (
    SourceChanged,
    SourceError,
    SourceMissing,
    SourceRefused,
    SourceTooLarge,
    SourceUnreachable,
    TooManyRejects,
    UnreadableFile,
)

__all__ = [
    "AccessRefused",
    "AccountExists",
    "AlreadyRunning",
    "CatalogError",
    "DatalabError",
    "DeploymentError",
    "DownloadRefused",
    "ExpectationRefused",
    "FormExpired",
    "HubUnreachable",
    "InvalidCatalog",
    "InvalidManifest",
    "InvalidName",
    "InvalidParameter",
    "InvalidSlug",
    "LakeBusy",
    "LakeEmpty",
    "LakeError",
    "LargerThanMemory",
    "MethodRefused",
    "NoGeometry",
    "NoPlaces",
    "NotPublished",
    "NotRunning",
    "NotebookError",
    "NothingToDraw",
    "PeopleError",
    "PortBusy",
    "ProjectClosed",
    "ProjectError",
    "ProjectExists",
    "QueryRefused",
    "RefreshFailed",
    "RefresherRunning",
    "RequestError",
    "RightMissing",
    "SeveralValuesPerPlace",
    "SignInNeeded",
    "SourceChanged",
    "SourceError",
    "SourceMissing",
    "SourceRefused",
    "SourceTooLarge",
    "SourceUnreachable",
    "TooManyRejects",
    "TooMuch",
    "UnknownAccount",
    "UnknownColumn",
    "UnknownDataset",
    "UnknownGroup",
    "UnknownMethod",
    "UnknownPage",
    "UnknownPersona",
    "UnknownProject",
    "UnknownSnapshot",
    "UnknownVersion",
    "UnreadableFile",
    "nearest",
]
