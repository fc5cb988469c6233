"""What a reader should know of a file before it is published, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datalab.i18n import Phrase
from datalab.inspection.column import Typed
from datalab.inspection.found import Inspection, Remark
from datalab.inspection.mark import meaning
from datalab.inspection.place import exchanged, in_france

KINDS = {
    "name": Phrase("names of persons"),
    "email": Phrase("e-mail addresses"),
    "phone": Phrase("phone numbers"),
    "birth": Phrase("dates of birth"),
    "address": Phrase("addresses of persons"),
    "nir": Phrase("social security numbers"),
    "iban": Phrase("bank accounts"),
    "plate": Phrase("number plates"),
    "machine": Phrase("addresses of devices"),
}


# What Excel and LibreOffice write where a formula has no result, in English and in French.
SHEET_ERRORS = {
    *("#n/a", "#n/d", "#ref!", "#div/0!", "#value!", "#valeur!", "#name?", "#nom?"),
    *("#num!", "#nombre!", "#null!", "#nul!"),
}


def remarks_on(inspection: Inspection, found: Sequence[Typed], blank: int) -> Iterator[Remark]:
    """Everything that the columns and rows call for."""
    if inspection.titles:
        yield Remark(
            "titles",
            "lines above the header that are not part of the table: {count}",
            {"count": len(inspection.titles)},
            "note",
            line=1,
        )
    if inspection.notes:
        yield Remark(
            "notes",
            "lines below the table that are not part of it: {count}, from '{first}' on",
            {"count": len(inspection.notes), "first": inspection.notes[0][:60]},
            "note",
        )
    if blank:
        yield Remark(
            "empty-rows", "rows without any value, passed over: {count}", {"count": blank}, "note"
        )
    if inspection.rejected:
        yield Remark(
            "rejected",
            "rows that cannot be read: {count}; the dataset is not published until they are "
            "mended, or left out on purpose",
            {"count": inspection.rejected},
            line=inspection.rejects[0].line if inspection.rejects else None,
        )
    for typed, column in zip(found, inspection.columns, strict=True):
        if typed.kind.caution:
            facts = {key: str(value) for key, value in typed.kind.facts.items()}
            yield Remark("doubtful", typed.kind.caution, facts, column=column.name)
        if column.empty and not column.marks:
            yield Remark(
                "empty-column", "this column holds no value", {}, "note", None, column.name
            )
        for mark, count in column.marks.items():
            known = meaning(mark)
            if not mark:
                said = "values that are nothing but spaces, read as missing: {count}"
                yield Remark("blank", said, {"count": count}, "note", None, column.name)
                continue
            yield Remark(
                "mark",
                "'{mark}' in place of a value, read as missing: {count} times ({meaning})",
                {"mark": mark, "count": count, "meaning": known[1] if known else "no value"},
                "note",
                None,
                column.name,
            )
        for value, (count, least, greatest) in column.stand_ins.items():
            yield Remark(
                "stand-in",
                "{value} may stand for 'unknown': {count} times, while all other values go from "
                "{least} to {greatest}. Where that is so, write it under 'marks' of this column, "
                "or it enters every calculation",
                {"value": value, "count": count, "least": least, "greatest": greatest},
                column=column.name,
            )
        if typed.spaced:
            yield Remark(
                "spaces",
                "texts that begin or end with a space, which is kept: {count}",
                {"count": typed.spaced},
                "note",
                None,
                column.name,
            )
        signs = {value.strip() for value in typed.sample if value.strip().lower() in SHEET_ERRORS}
        if column.type == "varchar" and signs:
            yield Remark(
                "sheet-errors",
                "error signs of a spreadsheet, kept as text: {signs}",
                {"signs": ", ".join(sorted(signs))},
                column=column.name,
            )
        if column.personal is not None:
            yield Remark(
                "personal",
                "this column may hold personal data: {kind}",
                {"kind": KINDS[column.personal.kind].template},
                column=column.name,
            )
    yield from _map(inspection)


def _map(inspection: Inspection) -> Iterator[Remark]:
    longitude = next((c for c in inspection.columns if c.role == "longitude"), None)
    latitude = next((c for c in inspection.columns if c.role == "latitude"), None)
    if longitude is None or latitude is None:
        return
    try:
        along = (float(longitude.minimum or "nan"), float(longitude.maximum or "nan"))
        across = (float(latitude.minimum or "nan"), float(latitude.maximum or "nan"))
    except ValueError:
        return
    if exchanged(along, across):
        yield Remark(
            "exchanged",
            "longitude and latitude look exchanged: read the other way round, every point lies in "
            "France",
            column=longitude.name,
        )
    elif not in_france(along, across):
        yield Remark(
            "outside-france",
            "some points lie outside metropolitan France",
            {},
            "note",
            column=longitude.name,
        )
