"""What can be wrong with a request to the portal."""

from __future__ import annotations

from datalab.errors.root import DatalabError


class RequestError(DatalabError):
    """Something in an address cannot be answered."""

    code = "request"
    status = 400


class InvalidParameter(RequestError):
    code = "invalid-parameter"
    template = "The parameter '{name}' cannot be '{value}': {reason}."


class UnknownPage(RequestError):
    code = "unknown-page"
    status = 404
    template = "There is nothing at {path}. The list of datasets is a good place to start again."


class MethodRefused(RequestError):
    code = "method-refused"
    status = 405
    template = "{path} can only be read: {method} is not possible here."


class TooMuch(RequestError):
    """A question that would keep everybody else waiting."""

    code = "too-much"
    status = 503
    template = (
        "This takes more time or memory than the portal gives to one page. "
        "Ask for fewer rows, do not sort, or open the dataset in a notebook."
    )


class NoGeometry(RequestError):
    code = "no-geometry"
    status = 404
    template = (
        "Dataset '{dataset}' has no places on a map, so there is no GeoJSON of it. "
        "Take it as CSV or Parquet."
    )


class TooManyRows(RequestError):
    """More than a file format holds."""

    code = "too-many-rows"
    status = 422
    template = (
        "Dataset '{dataset}' has {rows} rows, and a worksheet holds {highest}. "
        "Take it as CSV or Parquet, or ask for fewer rows by filters."
    )


class TooBusy(RequestError):
    """Every turn for large files is taken."""

    code = "too-busy"
    status = 503
    template = (
        "Many large files leave the lab at this moment. Try again in {seconds} seconds; "
        "nothing is lost."
    )

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(seconds=seconds)


class BeingPrepared(RequestError):
    """Something large is made for the first time."""

    code = "being-prepared"
    status = 503
    template = (
        "This is being prepared, because it was never asked for before. "
        "Ask again in {seconds} seconds."
    )

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds=seconds)


class RangeRefused(RequestError):
    code = "range-refused"
    status = 416
    template = "The file has {size} bytes: the part {range} lies behind its end."


class UnknownFeature(RequestError):
    code = "unknown-feature"
    status = 404
    template = "Dataset '{dataset}' has no feature '{feature}' in snapshot {snapshot}."
