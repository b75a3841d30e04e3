"""What each arm of a trial did: from the committed batches who was dealt what, from the catalogue how it ended.

    batches ─► episode to arm ─┐
    episodes (catalogue) ──────┴─► counts an arm ─► shares with Wilson intervals ─► Newcombe differences ─► Holm
    rounds dealt to one arm ──────► their exams ───► gain an arm

An episode counts for the arm it was dealt, whether or not the template was asked. What ended by a
fault elsewhere says nothing of a template and is left out. An exam sees what a whole round
accepted: where both arms were dealt in one round it saw both, and nothing is told apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from noria.evaluators.comparing import Count, Difference, Moments, beyond, difference, mean_difference
from noria.evaluators.measures import NOT_ITS_OWN
from noria.graphs.steering import trials
from noria.memory.catalogue import Catalogue
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.steps import Steps
from noria.types import Json, Reason, Stage

STAGES = [stage.value for stage in Stage]
FORMED, NOVEL = STAGES.index(Stage.WELL_FORMED), STAGES.index(Stage.NOVEL)
SHARES = ("acceptance", "validity", "novelty")
PAGE = 400
"""Episodes asked of the catalogue at once."""


@dataclass
class Tally:
    """What is counted of one arm."""

    episodes: int = 0
    """Ended episodes that say something of their template."""
    left_out: int = 0
    """Ended by a fault elsewhere."""
    accepted: int = 0
    formed: int = 0
    """Whose proposal parsed and lay in its window."""
    novel: int = 0
    rates: Moments = field(default_factory=Moments)
    """Solve rates, an episode each."""

    def add(self, reason: str, outcome: str, stage: str, rate: float | None) -> None:
        """Count an ended episode."""
        if reason in NOT_ITS_OWN:
            self.left_out += 1
            return
        self.episodes += 1
        self.accepted += outcome == "accepted"
        came = STAGES.index(stage)
        # A duplicate was well formed and not new; whoever came further was both.
        self.formed += came >= FORMED or reason in (Reason.DUPLICATE, Reason.NEAR_DUPLICATE)
        self.novel += came >= NOVEL
        if rate is not None:
            self.rates += Moments(1, rate, rate * rate)

    def shares(self) -> dict[str, Count]:
        """The three shares, by name."""
        return {
            "acceptance": Count(self.accepted, self.episodes),
            "validity": Count(self.formed, self.episodes),
            "novelty": Count(self.novel, self.formed),
        }


def reports(session: Path, catalogue: Catalogue) -> list[Json]:
    """Every trial of a session with what each arm did, oldest first; the catalogue has been brought up before.

    Raises:
        SessionError: the session cannot be read.
    """
    ledger = Ledger(session)
    try:
        history = History(ledger)
        batches = Steps(history).batches()
        exams = {one.round: one for one in history.exams()}
        found = []
        for trial in trials.shown(history):
            arms = {
                episode: (batch.round, arm)
                for batch in batches
                for one in batch.trials
                if one.trial == trial["trial"]
                for episode, arm in one.dealt.items()
            }
            tallies = counted(arms, _ended(catalogue, list(arms)))
            pairs = {number: (one.items, one.wins, one.losses) for number, one in exams.items()}
            whole = {batch.round for batch in batches}
            mixed = {  # rounds in which some batch was not dealt by this trial
                number
                for number in whole
                if any(all(one.trial != trial["trial"] for one in b.trials) for b in batches if b.round == number)
            }
            found.append({**trial, **told(tallies), "exam": examined(arms, pairs, mixed)})
        return found
    finally:
        ledger.close()


def _ended(catalogue: Catalogue, ids: Sequence[str]) -> Iterable[Mapping[str, Any]]:
    for start in range(0, len(ids), PAGE):
        part = {f"e{at}": one for at, one in enumerate(ids[start : start + PAGE])}
        names = ", ".join(f":{name}" for name in part)
        sql = f"SELECT id, reason, outcome, stage, solve_rate FROM episodes WHERE id IN ({names})"  # noqa: S608
        yield from (dict(row) for row in catalogue.rows(sql, part))


def counted(arms: Mapping[str, tuple[int, str]], ended: Iterable[Mapping[str, Any]]) -> dict[str, Tally]:
    """Each arm's tally of its ended episodes; `arms` is episode to round and arm."""
    found = {"a": Tally(), "b": Tally()}
    for one in ended:
        _, arm = arms[one["id"]]
        found[arm].add(one["reason"], one["outcome"], one["stage"], one["solve_rate"])
    return found


def told(tallies: Mapping[str, Tally]) -> Json:
    """Arms and their differences, b less a, as JSON; `beyond` is said with all four looked at."""
    a, b = tallies["a"], tallies["b"]
    gaps: dict[str, Difference | None] = {name: difference(a.shares()[name], b.shares()[name]) for name in SHARES}
    gaps["solve_rate"] = mean_difference(a.rates, b.rates)
    stay = beyond(list(gaps.values()))
    return {
        "arms": {side: _arm(tally) for side, tally in tallies.items()},
        "differences": {
            name: None if gap is None else {**asdict(gap), "beyond": sure}
            for (name, gap), sure in zip(gaps.items(), stay, strict=True)
        },
    }


def _arm(tally: Tally) -> Json:
    shares = {
        name: {"part": one.part, "of": one.whole, "share": one.share, "interval": one.interval}
        for name, one in tally.shares().items()
    }
    reach = tally.rates.interval
    within = None if reach is None else (max(0.0, reach[0]), min(1.0, reach[1]))
    rates = {"of": tally.rates.count, "mean": tally.rates.mean, "interval": within}
    return {"episodes": tally.episodes, "left_out": tally.left_out, **shares, "solve_rate": rates}


def examined(
    arms: Mapping[str, tuple[int, str]], exams: Mapping[int, tuple[int, int, int]], mixed: Iterable[int] = ()
) -> Json:
    """What the exams say of each arm, of rounds that it was dealt alone; `exams` is round to items, won, lost."""
    sides: dict[int, set[str]] = {}
    for number, arm in arms.values():
        sides.setdefault(number, set()).add(arm)
    for number in set(mixed) & sides.keys():
        sides[number] |= {"a", "b"}
    held = {number: exams[number] for number in sides if number in exams}
    alone = {number: next(iter(sides[number])) for number in held if len(sides[number]) == 1}
    gains = {"a": Moments(), "b": Moments()}
    for number, arm in alone.items():
        items, won, lost = held[number]
        gains[arm] += Moments(items, won - lost, won + lost)
    gap = mean_difference(gains["a"], gains["b"])
    both = sorted(held.keys() - alone.keys())
    if not held:
        said = "No exam was held after a round of this trial."
    elif not alone:
        said = "Both were dealt in every round that was examined: the exam saw both together and tells neither apart."
    else:
        said = "Each round's exam is its arm's; the student also replays what earlier rounds accepted."
        if both:
            said += f" Left out, for more than one arm played there: round {', '.join(map(str, both))}."
    return {
        "rounds": {arm: sorted(n for n, one in alone.items() if one == arm) for arm in gains},
        "together": both,
        "gain": {
            arm: {"items": one.count, "gain": one.mean if one.count else None, "interval": one.interval}
            for arm, one in gains.items()
        },
        "difference": None if gap is None else asdict(gap),
        "said": said,
    }
