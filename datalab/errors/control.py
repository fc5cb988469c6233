"""What can be wrong in the control room."""

from __future__ import annotations

from datalab.errors.participation import ParticipationError


class RouteTaken(ParticipationError):
    code = "route-taken"
    status = 409
    template = (
        "There is a line for this category and this municipality already: it goes to “{team}”. "
        "Change that line instead."
    )


class ControlRefused(ParticipationError):
    """A form of the control room cannot be followed; ``field`` is where to look."""

    code = "control-refused"
    status = 422
    template = "This was not done: {reason}."
