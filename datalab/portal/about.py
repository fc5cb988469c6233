"""What a file says of itself to a person: the second sheet of a workbook."""

from __future__ import annotations

from datetime import datetime

from datalab.i18n import Language, translate
from datalab.portal import figures
from datalab.portal.card import license_of
from datalab.portal.facts import periodicity_label
from datalab.portal.library import Holding
from datalab.portal.rows import Table
from datalab.portal.state import state_of


def about_rows(
    holding: Holding, opened: Table, language: Language, address: str, moment: datetime
) -> list[tuple[str, ...]]:
    """Source, licence, snapshot, columns and units; ``address`` is that of the dataset's page."""
    dataset, license_ = holding.dataset, license_of(holding.dataset)
    said = [
        (translate("Dataset", language), dataset.title.in_(language)),
        (translate("Description", language), dataset.description.in_(language)),
        (translate("Page", language), address),
        (translate("Producer", language), dataset.publisher),
        (translate("Licence", language), license_.title),
        (
            translate("May I reuse this, also commercially?", language),
            license_.answer.in_(language),
        ),
        (translate("Snapshot", language), str(opened.snapshot)),
        (translate("Rows", language), "" if opened.rows is None else str(opened.rows)),
        (translate("Refreshed", language), periodicity_label(dataset.periodicity, language)),
        (translate("State", language), state_of(holding, language, moment).label),
    ]
    at = next(
        (s.get("at") for s in holding.entry.snapshots if s["snapshot"] == opened.snapshot), None
    )
    if at:
        said.insert(7, (translate("Published on", language), figures.instant(at, language)))
    if dataset.calibration:
        said.append((translate("Synthetic data", language), dataset.calibration.in_(language)))
    notes = [
        translate(
            "Moments are in UTC. Numbers of more than 15 digits are text cells, since a "
            "spreadsheet would round them.",
            language,
        ),
        translate(
            "A text longer than 32,767 characters, the most that a cell holds, ends with […]; "
            "take CSV, GeoJSON or Parquet for all of it.",
            language,
        ),
    ]
    said += [(translate("Good to know", language), note) for note in notes]
    head = [translate(word, language) for word in ("Column", "Type", "Unit", "Meaning")]
    columns = [
        (
            name,
            type_,
            dataset.columns[name].unit or "",
            dataset.columns[name].description.in_(language),
        )
        for name, type_ in opened.columns.items()
    ]
    return [*said, ("", ""), tuple(head), *columns]
