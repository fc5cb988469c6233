"""What can be wrong for who follows a case."""

from __future__ import annotations

from datalab.errors.participation import ParticipationError


class PushRefused(ParticipationError):
    code = "push-refused"
    template = (
        "This browser cannot be told of news: {reason}. You read them here, or by e-mail if you "
        "leave an address."
    )
