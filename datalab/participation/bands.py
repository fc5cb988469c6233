"""Bands: the classes that numbers are counted in, where a questionnaire names none.

Where a class begins is read from the answers, so it must not tell the answer of one person: no
class of fewer people than a survey shows begins anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from datalab.participation.questionnaire import Variable

MOST_VALUES = 12  # different numbers beyond which they are put into classes
CLASSES = 5
SHARE = 0.1  # of the largest answer that the others have to add up to


def edges_of(variable: Variable, values: Sequence[Any], least: int) -> list[float] | None:
    """Where the classes of a number begin; None where each value is its own, [] for one class."""
    if variable.kind not in {"integer", "decimal"} or variable.question.type == "scale":
        return None
    if variable.question.bands:
        return variable.question.bands
    found = sorted(float(v) for v in values if v is not None)
    if len(found) < least:
        return []
    tally = Counter(found)
    if len(tally) <= MOST_VALUES and variable.kind == "integer":
        if all(count >= least for count in tally.values()):
            return None
        cuts = list(tally)
    else:
        cuts = sorted({float(f"{found[len(found) * n // CLASSES]:.2g}") for n in range(1, CLASSES)})
    edges: list[float] = []
    for cut in cuts:
        below = [v for v in found if v < cut and (not edges or v >= edges[-1])]
        if len(below) >= least and sum(v >= cut for v in found) >= least:
            edges.append(cut)
    return edges


def tells_one(values: Sequence[float]) -> bool:
    """Whether a sum tells about what one person answered: the p % rule, with p = 10.

    The two largest answers hide each other only where the rest is more than a tenth of the
    largest (A. Hundepool et al., Statistical Disclosure Control, Wiley 2012, section 4.2).
    """
    sizes = sorted((abs(v) for v in values), reverse=True)
    return bool(sizes) and sum(sizes[2:]) < SHARE * sizes[0]
