"""How uncertain an accepted candidate is, read off what its episode left, without a call.

    solve rate       4p(1−p): the solver's own disagreement, most at one half
    judge            how near its confidence was to a coin's, or 1 where it would have refused without a veto
    split attempts   how many different answers its attempts gave
    adversary        whether the adversary's other answer, which broke nothing, is one that an attempt gave too
    critic           the faults that it named and nobody heeded
    wording          whether a model, and not the program, worded the task

Uncertainty by disagreement and by a model's own confidence is what LLMaAA (arXiv 2310.19596)
queries by and CoAnnotating (arXiv 2310.15638) divides work between people and models by. The
weights are chosen, not learned: a sign that several policies had to give weighs more than
one that a single reply gives.
"""

from noria.types import Episode

WEIGHTS = {
    "solve rate": 0.35, "judge": 0.25, "split attempts": 0.15, "adversary": 0.1, "critic": 0.1, "wording": 0.05,
}  # fmt: skip
"""Weight of each sign; together 1."""

FAULTS = 2
"""Faults that a critic names at most."""


def uncertainty(episode: Episode) -> dict[str, float]:
    """The part of each sign that was seen, by name; their sum is the uncertainty, from 0 to 1."""
    parts = {name: round(WEIGHTS[name] * value, 4) for name, value in _signs(episode).items()}
    return {name: value for name, value in parts.items() if value > 0}


def quantile(values: list[float], share: float) -> float:
    """The value that the largest `share` of the values reach; 0 of nothing."""
    if not values:
        return 0.0
    return sorted(values, reverse=True)[max(0, round(share * len(values)) - 1)]


def _signs(episode: Episode) -> dict[str, float]:
    task = episode.drafts[-1] if episode.drafts else None
    made = [one for one in episode.attempts if task and one.task == task.id and one.source != "program"]
    said = {one.response.strip().lower() for one in made}
    rate = episode.solve_rate or 0.0
    verdict = episode.verdicts[-1] if episode.verdicts else None
    doubt = 0.0
    if verdict is not None:
        doubt = 1.0 if verdict.ruling != "accept" else 1 - abs(2 * verdict.confidence - 1)
    wrong = {one.response.strip().lower() for one in made if not one.passed}
    probes = episode.attacks[-1].probes if episode.attacks else ()
    near = any(one.by == "policy" and one.response.strip().lower() in wrong for one in probes)
    faults = len(episode.critiques[-1].faults) if episode.critiques else 0
    return {
        "solve rate": 4 * rate * (1 - rate),
        "judge": doubt,
        "split attempts": (len(said) - 1) / (len(made) - 1) if len(made) > 1 else 0.0,
        "adversary": float(near),
        "critic": min(1.0, faults / FAULTS),
        "wording": float(task is not None and task.worded_by == "generator"),
    }
