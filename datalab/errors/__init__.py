"""Every error that a person can meet, as one tree.

A class takes facts, not sentences: ``UnknownDataset("bike-count", known=[...])``. Its message
names the thing, the reason and the next step, in the reader's language; ``code`` and ``status``
never change once published. ``as_json`` is the only JSON shape of an error in the lab.
"""

from __future__ import annotations

from datalab.errors import grant as grant
from datalab.errors import version as version
from datalab.errors.access import AccessRefused, DownloadRefused, ExpectationRefused
from datalab.errors.case import PushRefused
from datalab.errors.catalog import CatalogError, InvalidCatalog, UnknownDataset, UnknownSchema
from datalab.errors.control import ControlRefused, RouteTaken
from datalab.errors.deployment import (
    AlreadyRunning,
    BackupFailed,
    BackupUnreadable,
    DatabaseNotRestored,
    DeploymentError,
    HomeNotEmpty,
    NotRunning,
    PortBusy,
    TransferRefused,
)
from datalab.errors.depot import (
    DepotAway,
    DepotBroken,
    DepotEmpty,
    DepotError,
    DepotRestless,
    DepotTaken,
    LakeIsCopy,
    NoDepot,
)
from datalab.errors.diagnosis import DiagnosisNotThere, UnknownCommune
from datalab.errors.duty import (
    DutyNotThere,
    PreparationRefused,
    UnknownDutyCommune,
    UnknownPreparation,
)
from datalab.errors.flag import FlagNotSent, FlagRefused, FlagReturned, UnknownFlag
from datalab.errors.guided import (
    CommentRefused,
    DuplicateControl,
    GuidedError,
    InvalidControl,
    TooManyComments,
    TooManyStreams,
    UnknownComment,
    UnknownNotebook,
    UnknownRun,
)
from datalab.errors.household import (
    AlreadyDone,
    HouseholdError,
    HouseholdRefused,
    HouseholdsUnavailable,
    MeterFileRefused,
    NoConsent,
    NotEnoughPoints,
    UnknownHousehold,
    VoucherRefused,
)
from datalab.errors.inspection import (
    FileNotATable,
    FileTooLarge,
    InspectionError,
    InspectionStopped,
)
from datalab.errors.lake import (
    LakeBusy,
    LakeDatabaseAway,
    LakeDatabaseTaken,
    LakeEmpty,
    LakeError,
    LakeInDatabase,
    NotPublished,
    QueryRefused,
    RefresherRunning,
    RefreshFailed,
    UnknownSnapshot,
)
from datalab.errors.membership import (
    AlreadyMember,
    InvalidDescription,
    LastOwner,
    MemberCannotEnter,
    NoOwner,
    NotAMember,
    ReservedSlug,
    StillOpen,
    UnknownRole,
    UnknownTemplate,
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
from datalab.errors.open311 import (
    ApiKeyInvalid,
    ApiKeyRefused,
    CallRefused,
    MethodNotServed,
    UnknownApiKey,
    UnknownJurisdiction,
    UnknownResource,
    UnknownToken,
)
from datalab.errors.participation import (
    CannotUndo,
    ContactOverused,
    ContactRefused,
    LooksAutomatic,
    ParticipationError,
    ParticipationUnavailable,
    PictureRefused,
    PlaceRefused,
    ReceiptReused,
    Stale,
    TooFast,
    UnknownLink,
)
from datalab.errors.people import (
    AccountClosed,
    AccountExists,
    AccountLeaving,
    FormExpired,
    InvalidInvitation,
    InvalidName,
    LastOperator,
    NotEntitled,
    PeopleError,
    RightMissing,
    SignInNeeded,
    TooManyAttempts,
    UnknownAccount,
    UnknownGroup,
    UnknownInvitation,
    WeakPassword,
    WrongPassword,
)
from datalab.errors.project import (
    HubUnreachable,
    InvalidManifest,
    InvalidSlug,
    NotRestored,
    ProjectClosed,
    ProjectError,
    ProjectExists,
    UnknownProject,
    UnknownVersion,
)
from datalab.errors.proposal import ProposalRefused, UnknownProposal
from datalab.errors.publication import (
    AlreadyPreparing,
    CrateInvalid,
    PublicationError,
    PublicationWithdrawn,
    UnknownDraft,
    UnknownPublication,
)
from datalab.errors.request import (
    BeingPrepared,
    InvalidParameter,
    MethodRefused,
    NoGeometry,
    RangeRefused,
    RequestError,
    TooBusy,
    TooManyRows,
    TooMuch,
    UnknownFeature,
    UnknownPage,
)
from datalab.errors.root import DatalabError, nearest
from datalab.errors.run import (
    KernelUnknown,
    NotebookTooLarge,
    NotebookUnreadable,
    RunError,
    RunFailed,
    RunRefused,
    ServerRunning,
)
from datalab.errors.service_request import (
    ReportRefused,
    RequestClosed,
    UnknownRequest,
    UnknownService,
)
from datalab.errors.session import (
    CannotMove,
    FieldRefused,
    MinutesNotThere,
    NoDate,
    NoDotsLeft,
    NotAFacilitator,
    ReceiptTaken,
    SessionError,
    SessionFull,
    SessionNotOpen,
    UnknownItem,
    UnknownSession,
    VoteClosed,
)
from datalab.errors.signin import FormTooLarge, SignInRefused
from datalab.errors.source import (
    SourceChanged,
    SourceError,
    SourceIncomplete,
    SourceMissing,
    SourceRefused,
    SourceTooLarge,
    SourceUnexpected,
    SourceUnreachable,
    TooManyRejects,
    UnreadableFile,
)
from datalab.errors.survey import (
    AlreadyAnswered,
    InvalidAddress,
    InvalidAnswers,
    InvalidQuestionnaire,
    SurveyClosed,
    SurveyExists,
    SurveyFixed,
    UnknownCampaign,
    UnknownResponse,
    UnknownSurvey,
)
from datalab.errors.territory import (
    AssessmentClosed,
    NotInTheTeam,
    SharedWithdrawn,
    UnknownAssessment,
    UnknownShared,
    UploadRefused,
)

# fmt: off
__all__ = [
    "AccessRefused", "AccountClosed", "AccountExists", "AccountLeaving", "AlreadyAnswered",
    "AlreadyDone", "AlreadyMember", "AlreadyPreparing", "AlreadyRunning", "ApiKeyInvalid",
    "ApiKeyRefused", "AssessmentClosed", "BackupFailed", "BackupUnreadable", "BeingPrepared",
    "CallRefused", "CannotMove", "CannotUndo", "CatalogError", "CommentRefused", "ContactOverused",
    "ContactRefused", "ControlRefused", "CrateInvalid", "DatabaseNotRestored",
    "DatalabError", "DeploymentError",
    "DepotAway", "DepotBroken", "DepotEmpty", "DepotError", "DepotRestless", "DepotTaken",
    "DiagnosisNotThere", "DownloadRefused", "DuplicateControl", "DutyNotThere",
    "ExpectationRefused", "FieldRefused", "FileNotATable",
    "FileTooLarge", "FlagNotSent", "FlagRefused", "FlagReturned", "FormExpired", "FormTooLarge",
    "GuidedError", "HomeNotEmpty", "HouseholdError", "HouseholdRefused", "HouseholdsUnavailable",
    "HubUnreachable", "InspectionError", "InspectionStopped", "InvalidAddress", "InvalidAnswers",
    "InvalidCatalog", "InvalidControl", "InvalidDescription", "InvalidInvitation",
    "InvalidManifest", "InvalidName", "InvalidParameter", "InvalidQuestionnaire", "InvalidSlug",
    "KernelUnknown", "LakeBusy", "LakeDatabaseAway", "LakeDatabaseTaken", "LakeEmpty",
    "LakeError", "LakeInDatabase", "LakeIsCopy", "LargerThanMemory",
    "LastOperator", "LastOwner", "LooksAutomatic", "MemberCannotEnter", "MeterFileRefused",
    "MethodNotServed", "MethodRefused", "MinutesNotThere", "NoConsent", "NoDate", "NoDepot",
    "NoDotsLeft", "NoGeometry", "NoOwner", "NoPlaces", "NotAFacilitator", "NotAMember",
    "NotEnoughPoints", "NotEntitled", "NotInTheTeam", "NotPublished", "NotRestored", "NotRunning",
    "NotebookError", "NotebookTooLarge", "NotebookUnreadable", "NothingToDraw",
    "ParticipationError", "ParticipationUnavailable", "PeopleError", "PictureRefused",
    "PlaceRefused", "PortBusy", "PreparationRefused", "ProjectClosed", "ProjectError",
    "ProjectExists", "ProposalRefused", "PublicationError", "PublicationWithdrawn", "PushRefused",
    "QueryRefused", "RangeRefused", "ReceiptReused", "ReceiptTaken", "RefreshFailed",
    "RefresherRunning", "ReportRefused", "RequestClosed", "RequestError", "ReservedSlug",
    "RightMissing", "RouteTaken", "RunError", "RunFailed", "RunRefused", "ServerRunning",
    "SessionError", "SessionFull", "SessionNotOpen", "SeveralValuesPerPlace", "SharedWithdrawn",
    "SignInNeeded", "SignInRefused", "SourceChanged", "SourceError", "SourceIncomplete",
    "SourceMissing", "SourceRefused", "SourceTooLarge", "SourceUnexpected", "SourceUnreachable",
    "Stale", "StillOpen", "SurveyClosed", "SurveyExists", "SurveyFixed", "TooBusy", "TooFast",
    "TooManyAttempts", "TooManyComments", "TooManyRejects", "TooManyRows", "TooManyStreams",
    "TooMuch", "TransferRefused", "UnknownAccount", "UnknownApiKey", "UnknownAssessment",
    "UnknownCampaign", "UnknownColumn", "UnknownComment", "UnknownCommune", "UnknownDataset",
    "UnknownDraft", "UnknownDutyCommune", "UnknownFeature", "UnknownFlag", "UnknownGroup",
    "UnknownHousehold", "UnknownInvitation", "UnknownItem", "UnknownJurisdiction", "UnknownLink",
    "UnknownMethod", "UnknownNotebook", "UnknownPage", "UnknownPreparation", "UnknownProject",
    "UnknownProposal", "UnknownPublication", "UnknownRequest", "UnknownResource", "UnknownResponse",
    "UnknownRole", "UnknownRun", "UnknownSchema", "UnknownService", "UnknownSession",
    "UnknownShared", "UnknownSnapshot", "UnknownSurvey", "UnknownTemplate", "UnknownToken",
    "UnknownVersion", "UnreadableFile", "UploadRefused", "VoteClosed", "VoucherRefused",
    "WeakPassword", "WrongPassword", "nearest",
]
# fmt: on
