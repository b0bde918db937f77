# SPDX-License-Identifier: GPL-2.0-or-later
"""Is a difference more than chance? Two tests, without scipy, and a correction for asking often."""
from __future__ import annotations

import math
from typing import NamedTuple, Sequence

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]


class Result(NamedTuple):
    """p: how probable a difference as large is if there is none. effect: see the test."""

    p: float
    effect: float


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz' method."""
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1.0 + step * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + step / c
            c = c if abs(c) > tiny else tiny
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
                     + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _beta_fraction(x, a, b) / a
    return 1.0 - front * _beta_fraction(1.0 - x, b, a) / b


def student_p(t: float, freedom: float) -> float:
    """Two-sided probability of Student's t."""
    return _incomplete_beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)


def welch(a: Sequence[float], b: Sequence[float]) -> Result:
    """Welch's t-test of two means; at least two values on each side. effect: the difference b - a.

    Runs that are exactly repeatable (-icount) have no spread: then any difference is one.
    """
    mean_a, mean_b = float(np.mean(a)), float(np.mean(b))
    part_a, part_b = float(np.var(a, ddof=1)) / len(a), float(np.var(b, ddof=1)) / len(b)
    error = part_a + part_b
    if error <= 0.0:
        return Result(1.0 if mean_a == mean_b else 0.0, mean_b - mean_a)
    freedom = error**2 / (part_a**2 / (len(a) - 1) + part_b**2 / (len(b) - 1))
    return Result(student_p((mean_b - mean_a) / math.sqrt(error), freedom), mean_b - mean_a)


def mann_whitney(values_a: F64, values_b: F64, weights_a: F64 | None = None,
                 weights_b: F64 | None = None) -> Result:
    """Mann-Whitney's test of two distributions, with ties; weights say how often each value occurs.

    effect: the probability that one of b is larger than one of a, ties counting half; 0.5 is no difference.
    """
    weights_a = np.ones(len(values_a)) if weights_a is None else weights_a
    weights_b = np.ones(len(values_b)) if weights_b is None else weights_b
    n_a, n_b = float(weights_a.sum()), float(weights_b.sum())
    if not n_a or not n_b:
        return Result(math.nan, math.nan)
    levels, place = np.unique(np.concatenate([values_a, values_b]), return_inverse=True)
    of_a = np.bincount(place[:len(values_a)], weights_a, len(levels))
    of_b = np.bincount(place[len(values_a):], weights_b, len(levels))
    below = np.cumsum(of_a) - of_a
    u = float((of_b * (below + of_a / 2)).sum())
    n, ties = n_a + n_b, of_a + of_b
    spread = n_a * n_b / 12 * (n + 1 - float((ties**3 - ties).sum()) / (n * (n - 1))) if n > 1 else 0.0
    effect = u / (n_a * n_b)
    if spread <= 0.0:
        return Result(1.0, effect)
    z = max(abs(u - n_a * n_b / 2) - 0.5, 0.0) / math.sqrt(spread)
    return Result(math.erfc(z / math.sqrt(2)), effect)


def adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    """Benjamini and Hochberg's q: of the rows with q < 0.05 some 5 % are chance. None and NaN stay out."""
    known = [(p, i) for i, p in enumerate(p_values) if p is not None and not math.isnan(p)]
    result: list[float | None] = [None] * len(p_values)
    least = 1.0
    for rank, (p, i) in reversed(list(enumerate(sorted(known), 1))):
        least = min(least, p * len(known) / rank)
        result[i] = least
    return result
