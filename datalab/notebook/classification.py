"""Classification: values into a few named classes, with bounds, counts and colours.

The classes are those of mapclassify, by their own names. Colours run from light to dark on one
scale of lightness, so they order themselves also for colour-blind eyes and on paper.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from datalab.errors import UnknownMethod
from datalab.i18n import Language, translate
from datalab.notebook.wording import number

if TYPE_CHECKING:
    import numpy as np

# name here: (class in mapclassify, whether it takes k). JenksCaspall is left out: it never ends on
# some values (seen with mapclassify 2.10 and random floats).
METHODS: dict[str, tuple[str, bool]] = {
    "fisher_jenks": ("FisherJenks", True),
    "quantiles": ("Quantiles", True),
    "equal_interval": ("EqualInterval", True),
    "maximum_breaks": ("MaximumBreaks", True),
    "pretty_breaks": ("PrettyBreaks", True),
    "std_mean": ("StdMean", False),
    "head_tail_breaks": ("HeadTailBreaks", False),
    "box_plot": ("BoxPlot", False),
    "percentiles": ("Percentiles", False),
}
MOST_CLASSES = 7  # more shades cannot be told apart
FEWEST_CLASSES = 2
# Fisher and Jenks' optimum costs the square of the number of values: 8 s for 3,000 without numba.
LARGEST_EXACT = 500
ANCHORS = ((253, 244, 200), (120, 190, 160), (35, 110, 140), (18, 38, 85))
NO_DATA = "#d4d4d4"


@dataclass(frozen=True)
class Classification:
    """Classes of values.

    Attributes
    ----------
    bounds
        k + 1 numbers: the smallest value, then the upper bound of each class, included in it.
    counts
        values per class.
    missing
        values that are null.
    extents
        lowest and highest value found in each class; the bounds of a class without values.
    """

    method: str
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int
    extents: tuple[tuple[float, float], ...]

    @property
    def k(self) -> int:
        return len(self.counts)

    @property
    def colors(self) -> list[str]:
        return ramp(self.k)

    def class_of(self, value: float | None) -> int | None:
        """Number of the class, from 0; None for a missing value."""
        if value is None or math.isnan(value):
            return None
        for position, upper in enumerate(self.bounds[1:]):
            if value <= upper:
                return position
        return self.k - 1

    def color(self, value: float | None) -> str:
        position = self.class_of(value)
        return NO_DATA if position is None else self.colors[position]

    def labels(self, language: Language) -> list[str]:
        """Lowest and highest value of each class, rounded only as far as they stay apart.

        Bounds would say one number for two classes, and leave open to which of them it belongs.
        """
        digits = digits_apart([end for extent in self.extents for end in extent])
        said = [
            (number(low, language, digits=digits), number(high, language, digits=digits))
            for low, high in self.extents
        ]
        return [
            translate("{low} to {high}", language, low=low, high=high) if low != high else low
            for low, high in said
        ]

    def method_in_words(self, language: Language) -> str:
        """Name of the method for the legend."""
        names = {
            "fisher_jenks": translate("Fisher-Jenks (natural breaks)", language),
            "quantiles": translate("quantiles (as many places in each class)", language),
            "equal_interval": translate("equal intervals", language),
            "maximum_breaks": translate("maximum breaks", language),
            "pretty_breaks": translate("round bounds", language),
            "std_mean": translate("mean and standard deviations", language),
            "head_tail_breaks": translate("head/tail breaks", language),
            "box_plot": translate("box plot", language),
            "percentiles": translate("percentiles (1, 10, 50, 90, 99)", language),
        }
        return names[self.method]


def default_k(n: int) -> int:
    """Classes for ``n`` values: Huntsinger and Sturges' k = 1 + 3.3 log10 n, from 2 to 7."""
    return max(FEWEST_CLASSES, min(MOST_CLASSES, round(1 + 3.3 * math.log10(max(n, 1)))))


def classify(
    values: Sequence[float | None], method: str = "fisher_jenks", k: int | None = None
) -> Classification:
    """Classes of ``values``; nulls are counted and left out.

    Parameters
    ----------
    method
        a key of :data:`METHODS`.
    k
        number of classes; :func:`default_k` where not given, never more than distinct values.

    Raises
    ------
    UnknownMethod
        naming the methods there are.
    ValueError
        where there is no value at all.

    Notes
    -----
    Beyond 500 values Fisher-Jenks runs on 500 evenly spaced order statistics: the same result each
    time, where mapclassify's sampled variant draws at random.
    """
    name = method.lower().replace("-", "_").replace("fisherjenks", "fisher_jenks")
    if name not in METHODS:
        raise UnknownMethod("method", method, METHODS)
    import numpy as np

    present = np.sort([float(v) for v in values if v is not None and math.isfinite(v)])
    missing = len(values) - len(present)
    if not len(present):
        raise ValueError("no value")
    distinct = len(np.unique(present))
    wanted = min(default_k(len(present)) if k is None else max(1, k), distinct)
    if wanted == 1:
        only = (float(present[0]), float(present[-1]))
        return Classification(name, only, (len(present),), missing, (only,))
    uppers = _uppers(present, name, wanted)
    uppers[-1] = max(uppers[-1], float(present[-1]))
    counts = np.bincount(np.searchsorted(uppers, present), minlength=len(uppers))
    bounds = (float(present[0]), *uppers)
    ends = np.cumsum(counts)
    extents = tuple(
        (float(present[end - count]), float(present[end - 1])) if count else bound
        for end, count, bound in zip(ends, counts, pairwise(bounds), strict=True)
    )
    return Classification(name, bounds, tuple(int(count) for count in counts), missing, extents)


def _uppers(present: np.ndarray[Any, Any], name: str, k: int) -> list[float]:
    """Ascending upper bounds, without classes that nothing can fall into."""
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "Numba not installed", "not enough unique values"
        import mapclassify

        sample = np.asarray(present)
        if name == "fisher_jenks" and len(sample) > LARGEST_EXACT:
            places = np.linspace(0, len(sample) - 1, LARGEST_EXACT).round().astype(int)
            sample = sample[places]
        make, takes_k = METHODS[name]
        arguments = {"k": k} if takes_k else {}
        bins = getattr(mapclassify, make)(sample, **arguments).bins
    smallest, largest = float(present[0]), float(present[-1])
    uppers = sorted({float(b) for b in bins if math.isfinite(b) and b >= smallest})
    uppers = [upper for upper in uppers if upper < largest] + [largest]
    return uppers


def ramp(k: int) -> list[str]:
    """``k`` colours from light to dark; lightness falls all the way."""
    found = []
    for position in range(k):
        place = (position / (k - 1) if k > 1 else 0.6) * (len(ANCHORS) - 1)
        left = min(int(place), len(ANCHORS) - 2)
        share = place - left
        mixed = (
            round(a + (b - a) * share)
            for a, b in zip(ANCHORS[left], ANCHORS[left + 1], strict=True)
        )
        found.append("#{:02x}{:02x}{:02x}".format(*mixed))
    return found


def digits_apart(ends: Sequence[float]) -> int | None:
    """Decimals at which neighbouring ends differ; None, as many as needed, for one value."""
    steps = [abs(b - a) for a, b in pairwise(ends) if a != b]
    if all(float(end).is_integer() for end in ends):
        return 0
    if not steps:
        return None
    return max(0, min(6, -math.floor(math.log10(min(steps)))))
