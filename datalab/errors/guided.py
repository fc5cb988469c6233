"""What can be wrong with a control, a guided page or a comment."""

from __future__ import annotations

from datalab.errors.root import DatalabError


class GuidedError(DatalabError):
    code = "guided"
    status = 400


class InvalidControl(GuidedError):
    """A control that its notebook describes in a way nobody could use."""

    code = "invalid-control"
    template = "The control '{label}' cannot be made: {reason}."


class DuplicateControl(GuidedError):
    code = "duplicate-control"
    template = (
        "There is a control '{label}' in this notebook already. Give each control a label of its "
        "own; if you moved this one from another cell, restart the kernel."
    )


class UnknownNotebook(GuidedError):
    code = "unknown-notebook"
    status = 404
    template = (
        "There is no notebook '{path}' in this project. It may have been renamed: the project's "
        "page lists those there are."
    )


class UnknownRun(GuidedError):
    code = "unknown-run"
    status = 404
    template = (
        "This result is no longer kept: results are for one person and for a short time. "
        "Open the notebook again and recompute."
    )


class UnknownComment(GuidedError):
    code = "unknown-comment"
    status = 404
    template = "There is no such comment, or its author has deleted it. Load the page again."


class CommentRefused(GuidedError):
    code = "comment-refused"
    template = "The comment was not saved: {reason}."


class TooManyComments(GuidedError):
    code = "too-many-comments"
    status = 429
    template = (
        "The comment was not saved: you have written many in a short time. Try again in a minute."
    )


class TooManyStreams(GuidedError):
    code = "too-many-streams"
    status = 429
    template = "Too many pages of yours are listening at once. Close one of them."
