"""What can be wrong where somebody proposes a dataset."""

from __future__ import annotations

from datalab.errors.root import DatalabError


class ProposalRefused(DatalabError):
    """``field`` is where it was typed; "" where it concerns the whole."""

    code = "proposal-refused"
    status = 422
    template = "This dataset cannot be proposed as it is: {reason}."


class UnknownProposal(DatalabError):
    """Also another person's: who may not read it learns nothing of its being there."""

    code = "unknown-proposal"
    status = 404
    template = (
        "There is no proposal '{id}' here. It may be another person's, or it was removed after "
        "{days} days."
    )
