"""What the guards cost a round: seconds to read it, measure it, audit a slice and plant cheats.

    python bench/guards.py [SAMPLES …]      150 and 2000 by default

A round of the demo's domains and levels is written to a ledger of its own, one accepted sample
an episode with six attempts each, and read back as the guard reads it.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from noria.evaluators import measures
from noria.evaluators.audit import audit, cheats
from noria.evaluators.domain import Domain
from noria.evaluators.registry import domains
from noria.evaluators.sandbox.runner import Chosen
from noria.identity import bucket, content_id, stream
from noria.memory.embed import StaticEmbedder
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import (
    ROLES,
    Attempt,
    Check,
    Dealt,
    Episode,
    Message,
    Provenance,
    Reason,
    Sample,
    Seed,
    Stage,
    Task,
)

LEVELS = {"arithmetic": (1, 2), "text_ops": (1,), "units": (1, 2), "constraints": (1,)}
ATTEMPTS = 6

Timed = TypeVar("Timed")


def dealt(number: int, domain: Domain, level: int) -> Dealt:
    """A hand of the round."""
    rng = stream("bench", number)
    return Dealt(
        episode=f"episode-{number}", round=1, position=number, domain=domain.name, level=level,
        seed=Seed(id="seed", kind="domain", text=domain.name), window=domain.window(level, rng), neighbours=(),
        weak=(), seats=dict.fromkeys(ROLES, "policy"), templates={}, random=f"bench/{number}",
    )  # fmt: skip


def played(hand: Dealt, domain: Domain) -> tuple[Episode, Sample]:
    """An episode that was accepted, and its sample."""
    rng = stream(hand.random, "played")
    while True:
        point = domain.sample(hand.level, rng, hand.window)
        if bucket(domain.name, point.model_dump(mode="json")) == "train":
            break
    grounding, said = domain.ground(point), domain.phrase(point, rng)
    task = Task(
        id=content_id("task", hand.episode), domain=domain.name, skill=str(point.model_dump()["skill"]),
        level=hand.level, parameters=point.model_dump(mode="json"), instruction=said, worded_by="program",
        grounding=grounding,
    )  # fmt: skip
    answers = [domain.truth(point, rng), *(domain.wrong(point, rng) for _ in range(ATTEMPTS - 1))]
    made = tuple(
        Attempt(
            id=f"{hand.episode}-{at}", task=task.id, response=text, policy="policy", source="student",
            checks=(Check.of("answer", at == 0, "expected and found"),),
        )
        for at, text in enumerate(answers)
    )  # fmt: skip
    story = Provenance(
        episode=hand.episode, round=1, domain=domain.name, skill=task.skill, level=hand.level, source="student",
        worded_by="program", policy="policy", generator="policy", seed="seed", templates={},
        verifier=grounding.verifier, task=task.id, attempt=made[0].id, signature=grounding.signature, free_text="",
        shape="shape", solve_rate=1 / ATTEMPTS, checks=("answer",), probes=5,
    )  # fmt: skip
    messages = (Message(role="user", content=said), Message(role="assistant", content=answers[0]))
    sample = Sample(id=content_id("sample", hand.episode), role="solver", messages=messages, provenance=story)
    episode = Episode(
        id=hand.episode, round=1, position=hand.position, domain=domain.name, level=hand.level, outcome="accepted",
        reason=Reason.VERIFIED, stage=Stage.ACCEPTED, evidence="", drafts=(task,), attempts=made,
        solve_rate=1 / ATTEMPTS, sample=sample.id,
    )  # fmt: skip
    return episode, sample


async def cost(folder: Path, samples: int, known: dict[str, Domain], embedder: StaticEmbedder) -> None:
    """Write a round of so many accepted samples, and time each part of its guard."""
    hands = [(name, level) for name, levels in LEVELS.items() for level in levels]
    history = History(Ledger(folder, write=True))
    deal = [dealt(n, known[hands[n % len(hands)][0]], hands[n % len(hands)][1]) for n in range(samples)]
    await history.keep_deal(1, deal)
    await asyncio.gather(
        *(history.settle(episode, [sample]) for episode, sample in (played(hand, known[hand.domain]) for hand in deal))
    )
    spent: dict[str, float] = {}
    cpu = time.process_time()

    def timed(name: str, work: Callable[[], Timed]) -> Timed:
        began = time.monotonic()
        done = work()
        spent[name] = time.monotonic() - began
        return done

    episodes = timed("read", lambda: list(history.episodes(1)))
    rows = timed(
        "join", lambda: measures.accepted(history.samples(number=1, role="solver"), episodes, history.deal(1), known)
    )
    found = timed("measure", lambda: measures.measure(episodes, rows, known, embedder.embed, "bench"))
    began = time.monotonic()
    runner = Chosen("landlock")
    audited = await audit(rows, lambda: runner, "bench")
    spent["audit"] = time.monotonic() - began
    began = time.monotonic()
    planted = [await cheats(known[name].at(level), level, runner, "bench") for name, level in hands]
    spent["cheats"] = time.monotonic() - began
    runner.close()
    history.ledger.close()
    cpu = time.process_time() - cpu
    parts = ", ".join(f"{name} {seconds:.2f}" for name, seconds in spent.items())
    print(
        f"{samples} accepted samples: {sum(spent.values()):.2f} s, {cpu:.2f} s of processor ({parts}); "
        f"{audited.proved} audited, {len(audited.wrong)} wrong; {sum(shown for _, shown in planted)} cheats planted, "
        f"{sum(passed for passed, _ in planted)} passed; measures kept as {len(found.model_dump_json())} bytes"
    )


def main() -> None:
    """Time rounds of the sizes that are named."""
    known, _ = domains(dict(LEVELS))
    embedder = StaticEmbedder()
    embedder.embed(["warm"])
    for samples in [int(word) for word in sys.argv[1:]] or [150, 2000]:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(cost(Path(folder), samples, known, embedder))


if __name__ == "__main__":
    main()
