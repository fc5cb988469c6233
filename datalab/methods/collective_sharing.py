"""Who gets the electricity of a collective self-consumption: the four keys of French law.

Vocabulary: at each step the *production* of one or more producers is shared by *coefficients* among
the *consumers*; nobody is allotted more than they use, and what a coefficient gives in vain is
*surplus*, sold, and not given to somebody else. The keys differ in who sets the coefficients: the
contract (static), the grid operator in proportion to use (default dynamic), or the organising
legal person at each step, for all production together (simple dynamic) or for each producer (full
dynamic).

Sources: code de l'énergie L. 315-2, D. 315-4 and D. 315-6 (keys; the step of metering, 30 minutes
here; 15 where meters allow); description of the four keys in use by Enedis: enogrid.com, "les clés
de répartition en autoconsommation collective".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from datalab.methods.energy_carrier import Series


@dataclass(frozen=True)
class Shares:
    """What became of the production.

    Attributes
    ----------
    allotted
        kWh per step and consumer, shape (steps, consumers).
    surplus
        kWh per step that nobody of the operation took.
    """

    key: str
    allotted: Series
    surplus: Series
    self_consumption: float | None
    self_sufficiency: float | None
    coverage: Series
    """Share of the use of each consumer, over the whole time."""


def static(produced: ArrayLike, used: ArrayLike, coefficients: ArrayLike) -> Shares:
    """Fixed shares: one coefficient per consumer, the same at every step."""
    u = _used(used)
    fixed = np.asarray(coefficients, float)
    if fixed.shape != (u.shape[1],):
        raise ValueError(f"{fixed.size} coefficients for {u.shape[1]} consumers")
    return _given("static", produced, u, np.broadcast_to(fixed, u.shape))


def default_dynamic(produced: ArrayLike, used: ArrayLike) -> Shares:
    """In proportion to what each uses at the step: the grid operator's own, where nobody chose."""
    u = _used(used)
    together = u.sum(axis=1, keepdims=True)
    parts = np.divide(u, together, out=np.zeros_like(u), where=together > 0)
    return _given("default dynamic", produced, u, parts)


def simple_dynamic(produced: ArrayLike, used: ArrayLike, coefficients: ArrayLike) -> Shares:
    """Coefficients that the organiser computes for each step, shape (steps, consumers)."""
    return _given("simple dynamic", produced, _used(used), np.asarray(coefficients, float))


def full_dynamic(produced: ArrayLike, used: ArrayLike, coefficients: ArrayLike) -> Shares:
    """Coefficients for each step, producer and consumer, shape (steps, producers, consumers).

    ``produced`` has shape (steps, producers). Producers are served in their order: what the first
    gave is no longer wanted of the next.
    """
    u, p = _used(used), np.asarray(produced, float)
    parts = np.asarray(coefficients, float)
    if p.ndim != 2 or parts.shape != (p.shape[0], p.shape[1], u.shape[1]):
        raise ValueError("coefficients have the shape (steps, producers, consumers)")
    left, allotted = u.copy(), np.zeros_like(u)
    for i in range(p.shape[1]):
        one = _given("", p[:, i], left, parts[:, i])
        allotted, left = allotted + one.allotted, left - one.allotted
    return _shares("full dynamic", p.sum(axis=1), u, allotted)


def by_priority(produced: ArrayLike, used: ArrayLike, order: Sequence[int]) -> Series:
    """Coefficients that serve consumers one after the other, such as social housing first."""
    u, p = _used(used), _produced(produced, len(_used(used)))
    if sorted(order) != list(range(u.shape[1])):
        raise ValueError(f"an order names each of {u.shape[1]} consumers once")
    left, parts = p.copy(), np.zeros_like(u)
    for who in order:
        taken = np.minimum(left, u[:, who])
        parts[:, who] = np.divide(taken, p, out=np.zeros_like(p), where=p > 0)
        left = left - taken
    return parts


def equally(produced: ArrayLike, used: ArrayLike) -> Series:
    """Coefficients that give each the same until they have enough (water filling)."""
    u, p = _used(used), _produced(produced, len(_used(used)))
    got, left = np.zeros_like(u), p.copy()
    for _ in range(u.shape[1]):
        wanting = u - got > 1e-12
        count = wanting.sum(axis=1)
        each = np.divide(left, count, out=np.zeros_like(left), where=count > 0)
        more = np.where(wanting, np.minimum(u - got, each[:, None]), 0.0)
        got, left = got + more, left - more.sum(axis=1)
    parts: Series = np.divide(got, p[:, None], out=np.zeros_like(got), where=p[:, None] > 0)
    return parts


def _given(key: str, produced: ArrayLike, used: Series, parts: Series) -> Shares:
    p = _produced(produced, len(used))
    if parts.shape != used.shape:
        raise ValueError(f"coefficients of shape {parts.shape} for a use of shape {used.shape}")
    if not np.isfinite(parts).all() or (parts < 0).any():
        raise ValueError("a coefficient is not below 0")
    if (parts.sum(axis=1) > 1 + 1e-9).any():
        raise ValueError("the coefficients of a step add up to more than 1")
    return _shares(key, p, used, np.minimum(parts * p[:, None], used))


def _shares(key: str, p: Series, used: Series, allotted: Series) -> Shares:
    shared, made, wanted = float(allotted.sum()), float(p.sum()), float(used.sum())
    by_consumer = used.sum(axis=0)
    return Shares(
        key,
        allotted,
        np.clip(p - allotted.sum(axis=1), 0, None),
        shared / made if made else None,
        shared / wanted if wanted else None,
        np.divide(
            allotted.sum(axis=0), by_consumer, out=np.zeros_like(by_consumer), where=by_consumer > 0
        ),
    )


def _used(used: ArrayLike) -> Series:
    found = np.asarray(used, float)
    if found.ndim != 2:
        raise ValueError("use has the shape (steps, consumers)")
    if not np.isfinite(found).all() or (found < 0).any():
        raise ValueError("the use of some consumer is missing or below 0")
    return found


def _produced(produced: ArrayLike, steps: int) -> Series:
    found = np.asarray(produced, float)
    if found.shape != (steps,):
        raise ValueError(f"production has {found.shape} steps where use has {steps}")
    if not np.isfinite(found).all() or (found < 0).any():
        raise ValueError("the production is missing or below 0 in some steps")
    return found
