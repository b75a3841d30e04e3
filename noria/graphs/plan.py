"""Plan: what the next round deals, from what the last exam and the last round found.

    exam ─► weak domains, weak skills ┐
    round ─► solve rates per level    ├─► weights ─► deal (committed before it plays)
    seeds, neighbours                 ┘

A domain is dealt in proportion to how much of its last exam was missed; a level in
proportion to its learnability, 4p(1−p) of the solve rate p, so that what the student
solves always or never gives way to what it solves sometimes. Before anything is known the
lowest level leads. A round that is cooled is dealt from another stream, of the seeds that
were dealt least, and shows the generator more of what was said before (see `cooling`).
"""

import random
from collections.abc import Collection, Sequence

from noria.config import SessionConfig
from noria.evaluators.domain import Domain
from noria.graphs import cooling
from noria.graphs.leaning.leans import leaned, leaned_levels, leaned_window
from noria.graphs.strategies.passages import STRATEGY, Turns
from noria.identity import content_id, stream
from noria.memory.history import History
from noria.memory.neighbours import Neighbours
from noria.types import Dealt, Exam, Lean, Role, Seed

FLOOR = 0.15
"""Least weight of a level or a domain: nothing known is ever left wholly out."""

SHOWN = 2
"""Neighbours shown to the generator."""

WEAK = 0.5
"""Share right under which a skill counts as weak."""


def deal(
    config: SessionConfig,
    domains: dict[str, Domain],
    history: History,
    index: Neighbours,
    number: int,
    *,
    seats: dict[Role, str],
    templates: dict[str, str],
    veto: bool,
    benched: Collection[tuple[str, int]] = (),
    barred: Collection[str] = (),
    cool: bool = False,
    leaning: Sequence[Lean] = (),
    ahead: bool = False,
) -> list[Dealt]:
    """The deal of a round; the same ledger and config deal the same.

    `benched` are the domains and levels whose verifier admits nothing this round; `barred` are the ids of seeds that
    may not be shown; `leaning` is what methods make of earlier rounds; what is foreseen `ahead` has ids of its own.
    """
    own = f"{number}{'/ahead' * ahead}{'/cool' * cool}"
    rng = stream(config.random, "deal", own)
    exams, unexamined = history.exams(), [name for name, domain in domains.items() if not domain.examined]
    by_domain = leaned(domain_weights(tuple(domains), exams[-1] if exams else None, unexamined), leaning)
    rates = {name: level_weights(config.domains[name], history.solve_rates(name)) for name in domains}
    by_level = {name: leaned_levels(name, weights, leaning) for name, weights in rates.items()}
    weak = tuple(
        sorted({*(weak_skills(exams[-1]) if exams else ()), *(one for lean in leaning for one in lean.skills)})
    )
    if "curriculum" in config.arm.without:
        by_domain, weak = dict.fromkeys(by_domain, 1.0), ()
        by_level = {name: dict.fromkeys(weights, 1.0) for name, weights in by_level.items()}
    seeds = cooling.fresh(history, history.seeds(), number) if cool else history.seeds()
    turns = Turns(history, history.seeds(), number, rng)
    seeds = [seed for seed in seeds if seed.id not in barred and seed.kind != "passage"]
    shown = 0 if "memory" in config.arm.without else SHOWN + cooling.SHOWN * cool
    names = spread(by_domain, config.play.episodes, rng)
    dealt, asked = list[Dealt](), list[str]()
    for position, name in enumerate(names):
        level = rng.choices(list(by_level[name]), weights=list(by_level[name].values()))[0]
        passage = turns.take(domains[name].at(level), level)
        seed = passage or _seed(seeds, name, rng)
        topic = seed.text if seed.kind == "topic" else seed.id if passage else ""
        window = leaned_window(domains[name].at(level), level, rng, weak, topic, leaning)
        asked.append(f"{name} {window.get('skill', '')} {topic}")
        dealt.append(
            Dealt(
                episode=content_id("episode", [config.random, number, position, *["ahead"] * ahead]),
                round=number, position=position, domain=name, level=level, seed=seed, window=window, neighbours=(),
                weak=tuple(skill for skill in weak if skill.startswith(f"{name}/")),
                seats=seats, templates=templates, random=f"{config.random}/{own}/{position}",
                temperature=cooling.temperature(config, cool), veto=veto, admits=(name, level) not in benched,
                strategy=STRATEGY if passage else "",
            )
        )  # fmt: skip
    return _beside(dealt, asked, index, shown)


def _beside(dealt: list[Dealt], asked: list[str], index: Neighbours, count: int) -> list[Dealt]:
    """Hands with the neighbours of what is asked for each; all of a domain are looked up together."""
    by_domain = dict[str, list[str]]()
    for one, text in zip(dealt, asked, strict=True):
        by_domain.setdefault(one.domain, []).append(text)
    near = {name: index.nearest_to(texts, domain=name, count=count) for name, texts in by_domain.items()}
    found = list[Dealt]()
    for one, text in zip(dealt, asked, strict=True):
        here = near[one.domain][text]
        told = {"neighbours": tuple(it.text for it in here), "shown": tuple(it.sample for it in here)}
        found.append(one.model_copy(update=told))
    return found


def domain_weights(
    names: tuple[str, ...], exam: Exam | None, unexamined: Collection[str] = ()
) -> dict[str, float]:  # fmt: skip
    """Weight of each domain: the share missed of its last exam, or the mean of these where none asks it; floor kept."""
    missed = {}
    for result in exam.domains if exam else ():
        missed[result.domain] = 1 - max(result.parent, result.student) / result.items
    if missed:
        missed |= dict.fromkeys(set(unexamined) & set(names), sum(missed.values()) / len(missed))
    return {name: max(FLOOR, missed.get(name, 1.0)) for name in names}


def level_weights(levels: tuple[int, ...], rates: dict[int, float]) -> dict[int, float]:
    """Weight of each level: its learnability, or the easier the heavier while nothing is known."""
    guess = {level: 0.5 ** (place + 1) for place, level in enumerate(sorted(levels))}
    return {
        level: max(FLOOR, 4 * rates[level] * (1 - rates[level])) if level in rates else guess[level] for level in guess
    }


def weak_skills(exam: Exam) -> tuple[str, ...]:
    """Skills (as `domain/skill`) of which less than half was right."""
    return tuple(sorted(skill for skill, (items, right) in exam.skills.items() if right < WEAK * items))


def spread(weights: dict[str, float], count: int, rng: random.Random) -> list[str]:
    """`count` names in proportion to their weights, by largest remainder, in a shuffled order."""
    total = sum(weights.values())
    shares = {name: count * weight / total for name, weight in weights.items()}
    dealt = {name: int(share) for name, share in shares.items()}
    for name in sorted(shares, key=lambda name: (dealt[name] - shares[name], name))[: count - sum(dealt.values())]:
        dealt[name] += 1
    names = [name for name, times in dealt.items() for _ in range(times)]
    rng.shuffle(names)
    return names


def _seed(seeds: list[Seed], domain: str, rng: random.Random) -> Seed:
    """One of the session's seeds; the domain itself where there are none."""
    own = Seed(id=content_id("seed", ["domain", domain]), kind="domain", text=domain)
    return rng.choice([own, *seeds]) if seeds else own
