"""Hardened: what the adversary found becomes a harder candidate that closes the hole.

    probes that held, or were refuted narrowly ─► the task they were aimed at ─► its skill, one level up
                                                                             └─► the weakness, as brief

What held broke a candidate: it was ambiguous, it leaked, a shortcut passed. What was refuted is a wrong
answer that somebody held to be right: there the task is hard already, and worth another like it.
Nothing of an attack is believed: the new candidate is grounded, solved and attacked like any other.
After adversarial data collection (Nie et al., ANLI, arXiv 1910.14599), with programs for annotators.
"""

import random
from dataclasses import dataclass
from typing import Any

from noria.config.methods.synthesis import Hardened
from noria.evaluators.foreign import foreign
from noria.evaluators.probes import REFUTED
from noria.graphs.strategies.assigning import Setting
from noria.graphs.strategies.drawing import above, windows
from noria.graphs.strategies.evolve import narrowed
from noria.types import Dealt, Episode, Probe, Task

HELD, NEAR = 3, 1
"""How often an attack that held is taken up, against one that came near."""

WEAKNESS = {
    "ambiguity": "another answer could be defended",
    "leak": "the answer could be read off the instruction",
    "shortcut": "a response that did not do the task passed",
    "forgery": "a response spoke to the judge in place of an answer",
}
"""What an attack shows, in words of ours."""


@dataclass(frozen=True, slots=True)
class Hole:
    """An attack and what it was aimed at."""

    task: Task
    probe: Probe
    sample: str
    """The accepted sample that withstood it; empty where the candidate fell."""


def deal(hand: Dealt, rules: Hardened, setting: Setting, rng: random.Random) -> Dealt | None:
    """The hand near an attacked candidate, one level up where there is one; none where nobody attacked its domain."""
    found: list[Hole] = setting.once("holes", lambda: holes(setting, rules))
    own = [one for one in found if one.task.domain == hand.domain]
    if not own:
        return None
    hole = rng.choices(own, weights=[HELD if one.probe.held else NEAR for one in own])[0]
    task, levels = hole.task, setting.levels.get(hand.domain, (hand.level,))
    brief = {"weakness": WEAKNESS[hole.probe.kind], "kind": hole.probe.kind, "given": [task.instruction]}
    told: dict[str, Any] = {"brief": brief, "parents": (hole.sample,) if hole.sample else ()}
    domain = setting.domains[hand.domain]
    higher = above(levels, task.level)
    for level in (one for one in (higher, task.level) if one in levels):
        same = windows(domain, level, rng, lambda one: one.get("skill") == task.skill, skill=task.skill)
        near = [cut for one in same if (cut := narrowed(one, task.parameters))] if level == task.level else []
        if near or same:
            return setting.moved(hand, level, rng.choice(near or same), **told)
    return None


def holes(setting: Setting, rules: Hardened) -> list[Hole]:
    """The attacks of the last rounds that are worth taking up, in deal order."""
    found = []
    for number in range(max(1, setting.number - rules.rounds), setting.number):
        for episode in setting.history.episodes(number):
            found += [one for one in _of(episode) if one.probe.held or rules.near]
    return found


def _of(episode: Episode) -> list[Hole]:
    found = []
    for task, attack in zip(episode.drafts, episode.attacks, strict=False):
        for probe in attack.probes:
            refuted = probe.by == "policy" and probe.evidence.startswith(REFUTED)
            if (probe.held or refuted) and not probe.beat and not foreign(task.instruction):
                found.append(Hole(task, probe, episode.sample or ""))
    return found
