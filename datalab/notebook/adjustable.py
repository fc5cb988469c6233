"""What a notebook offers to the readers of its guided page: ``lab.choice(…)`` and its kin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from datalab.i18n import Language

if TYPE_CHECKING:
    from datalab.notebook.controls import Controls

Option = TypeVar("Option", str, int, float)


class Adjustable:
    """The controls of a Lab. Each returns its value at once, in any notebook or script."""

    language: Language
    _known_controls: Controls | None = None

    @property
    def _controls(self) -> Controls:
        from datalab.notebook.controls import Controls

        if self._known_controls is None:
            self._known_controls = Controls.of_environment(self.language)
        return self._known_controls

    def choice(self, label: str, options: Sequence[Option], value: Option | None = None) -> Option:
        """One of ``options``: ``commune = lab.choice("Commune", ["Dijon", "Quetigny"], "Dijon")``.

        Parameters
        ----------
        label
            what the reader sees; one of its own for each control of the notebook.
        options
            texts or numbers, at most 200.
        value
            the one to begin with, the first where not given.

        Raises
        ------
        InvalidControl
            where nobody could use it, ``value`` not being an option for instance.
        DuplicateControl
        """
        return cast("Option", self._controls.choice(label, options, value))

    def slider(
        self,
        label: str,
        low: float,
        high: float,
        value: float | None = None,
        step: float | None = None,
    ) -> float:
        """A number between ``low`` and ``high``, whole where all that is given is whole.

        Raises
        ------
        InvalidControl
            ``low`` not below ``high``, ``value`` outside, ``step`` not positive.
        DuplicateControl
        """
        return self._controls.slider(label, low, high, value, step)

    def number(
        self, label: str, value: float, low: float | None = None, high: float | None = None
    ) -> float:
        """A number that the reader types; ``low`` and ``high`` where it has bounds.

        Raises
        ------
        InvalidControl, DuplicateControl
        """
        return self._controls.number(label, value, low, high)

    def text(self, label: str, value: str = "") -> str:
        """A line that the reader types, at most 1,000 characters.

        Raises
        ------
        InvalidControl, DuplicateControl
        """
        return self._controls.text(label, value)

    def checkbox(self, label: str, value: bool = False) -> bool:
        """Yes or no.

        Raises
        ------
        InvalidControl, DuplicateControl
        """
        return self._controls.checkbox(label, value)
