"""What leaving a method out did: each arm against the whole recipe, figure by figure, with intervals.

    yield, labels     shares of episodes and of proved answers, pooled over seeds: difference by Mantel and
                      Haenszel inside seeds, with Sato's interval
    exam gain, diversity, tokens an accepted task
                      one value a session: mean of the differences of paired seeds, Student's t over seeds

An interval over few seeds is wide, and that is what is known. Of one figure, as many arms are
looked at as were left out: Holm's procedure says which differences stay beyond noise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan, nan
from statistics import mean

from noria.errors import SessionError
from noria.evaluators.comparing import Count, Difference, adjusted
from noria.evaluators.gate import holm
from noria.memory.embed import Embedder
from noria.studies.arms import WHOLE
from noria.studies.measures import Measures, spread

FIGURES = ("yield", "labels", "exam_gain", "distinct_2", "vendi", "tokens")
"""The figures in the order they are shown."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of one arm."""

    value: float | None
    """Its value over the seeds; none where no session has it."""
    n: int
    """What stands behind it: episodes, answers, sessions."""
    difference: float | None = None
    """How much larger it is than the whole recipe's."""
    low: float | None = None
    high: float | None = None
    """95 % interval of the difference; none of a single pair of sessions."""
    beyond: bool = False
    """Whether the difference stays beyond noise when all arms that were looked at count."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A study's table: the cells of every arm, by figure."""

    rows: dict[str, dict[str, Cell]]
    sizes: dict[int, int]
    """Texts that diversity was measured at, by seed."""
    alone: list[str]
    """Arms that no seed has together with the whole recipe, so that nothing can be said of them."""


def compare(found: Sequence[Measures], arms: Sequence[str], embedder: Embedder) -> Compared:
    """Hold every arm against the whole recipe."""
    by = {(one.arm, one.seed): one for one in found}
    sizes = {
        seed: min(len(one.texts) for one in found if one.seed == seed) for seed in sorted({one.seed for one in found})
    }
    spreads = {key: spread(one.texts, sizes[one.seed], embedder) for key, one in by.items()}
    rows: dict[str, dict[str, Cell]] = {}
    tests: dict[str, list[tuple[str, Difference]]] = {name: [] for name in FIGURES}
    alone = []
    for arm in arms:
        own = [one for one in found if one.arm == arm]
        pairs = [(by[WHOLE, one.seed], one) for one in own if arm != WHOLE and (WHOLE, one.seed) in by]
        if arm != WHOLE and not pairs:
            alone.append(arm)
        rows[arm] = {
            "yield": _share([(one.accepted, one.episodes) for one in own]),
            "labels": _share([(one.right, one.proved) for one in own]),
            "exam_gain": _mean([one.gain for one in own]),
            "distinct_2": _mean([spreads[arm, one.seed][0] if sizes[one.seed] else None for one in own]),
            "vendi": _mean([spreads[arm, one.seed][1] if sizes[one.seed] else None for one in own]),
            "tokens": _mean([one.cost for one in own]),
        }
        differences = {
            "yield": _shares(pairs, lambda one: Count(one.accepted, one.episodes)),
            "labels": _shares(pairs, lambda one: Count(one.right, one.proved)),
            "exam_gain": _paired(pairs, lambda one: one.gain),
            "distinct_2": _paired(pairs, lambda one: spreads[one.arm, one.seed][0] if sizes[one.seed] else None),
            "vendi": _paired(pairs, lambda one: spreads[one.arm, one.seed][1] if sizes[one.seed] else None),
            "tokens": _paired(pairs, lambda one: one.cost),
        }
        for name, one in differences.items():
            if one is not None:
                tests[name].append((arm, one))
    for name, looked in tests.items():
        known = [(arm, one) for arm, one in looked if not isnan(one.p)]
        stay = dict(zip((arm for arm, _ in known), holm([one.p for _, one in known], 0.05), strict=True))
        for arm, one in looked:
            cell = rows[arm][name]
            wide = not isnan(one.low)
            rows[arm][name] = Cell(
                cell.value, cell.n, one.value, one.low if wide else None, one.high if wide else None,
                stay.get(arm, False),
            )  # fmt: skip
    return Compared(rows, sizes, alone)


def _share(counts: Sequence[tuple[int, int]]) -> Cell:
    part, whole = sum(one for one, _ in counts), sum(of for _, of in counts)
    return Cell(part / whole if whole else None, whole)


def _mean(values: Sequence[float | None]) -> Cell:
    known = [one for one in values if one is not None]
    return Cell(mean(known) if known else None, len(known))


def _shares(pairs: Sequence[tuple[Measures, Measures]], count: Callable[[Measures], Count]) -> Difference | None:
    return adjusted([(count(whole), count(one)) for whole, one in pairs])


def _paired(pairs: Sequence[tuple[Measures, Measures]], value: Callable[[Measures], float | None]) -> Difference | None:
    """The mean difference of paired seeds."""
    both = [(value(whole), value(one)) for whole, one in pairs]
    gaps = [after - before for before, after in both if before is not None and after is not None]
    return paired(gaps)


def paired(gaps: Sequence[float]) -> Difference | None:
    """The mean of paired differences with Student's 95 % interval and p; none of nothing, no interval of one.

    Raises:
        SessionError: scipy is not installed.
    """
    if not gaps:
        return None
    if len(gaps) == 1:
        return Difference(mean(gaps), nan, nan, nan)
    if len(set(gaps)) == 1:  # no spread to measure by: the interval is the value
        return Difference(gaps[0], gaps[0], gaps[0], float(not gaps[0]))
    try:
        from scipy.stats import ttest_1samp
    except ImportError as fault:
        raise SessionError(
            "A study's intervals need scipy, which is not installed.", mend="`pip install 'noria[study]'` brings it."
        ) from fault
    found = ttest_1samp(gaps, 0.0)
    low, high = found.confidence_interval(0.95)
    return Difference(mean(gaps), float(low), float(high), float(found.pvalue))
