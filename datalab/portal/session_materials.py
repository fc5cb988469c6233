"""What of the lab may be given to a session as material: only what everybody may see."""

from __future__ import annotations

from typing import Any

from datalab.i18n import Language
from datalab.portal.published import recent

MOST_PAGES = 200


def offered(state: Any, language: Language) -> dict[str, list[tuple[str, str]]]:
    """Per kind, (reference, title): published pages, datasets with a map, datasets.

    ``state`` is that of the application.
    """
    shelf = state.library.shelf()
    open_ones = sorted(
        (
            (holding.dataset.title.in_(language), holding.dataset)
            for holding in shelf.holdings.values()
            if holding.dataset.access == "open"
        ),
        key=lambda pair: pair[0].casefold(),
    )
    return {
        "page": [(f"{one.project}/{one.name}", one.title) for one in recent(state, MOST_PAGES)],
        "map": [(one.id, title) for title, one in open_ones if one.map is not None],
        "dataset": [(one.id, title) for title, one in open_ones],
    }
