"""How good the adversary and the critic are, on planted candidates whose faults are known.

    python bench/adversary.py [--name planted] [--sound 100]      programs alone, in under a minute
    python bench/adversary.py --model [--asked 160]               and the default student in both seats

Prints one JSON object: what was found of the planted weaknesses by count and by domain, what
was hit of the sound candidates, which verifiers were beaten; with a model, what its claims
found where no program did, and which faults its critiques named in bad and in good wordings.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from noria.agents.adversary import Adversary
from noria.agents.base import Desk
from noria.agents.critic import Critic
from noria.agents.student import attempted
from noria.cli.means import real
from noria.config import SessionConfig
from noria.errors import ReplyError
from noria.evaluators import probes
from noria.evaluators.faulty_wordings import Worded, worded
from noria.evaluators.sandbox.runner import Chosen
from noria.evaluators.seat_cards import FALSE, FOUND, Attacked, adversary_card, critic_card
from noria.evaluators.weaknesses import Planted, sound, weaknesses
from noria.identity import stream
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.prompts import Templates
from noria.types import ROLES, Critique, Dealt, Probe, Seed

AT_ONCE = 32
RUNNER = Chosen("landlock")


async def attacked(name: str, each: int) -> list[Attacked]:
    """Every plant and every sound candidate, attacked by program."""
    among = [*weaknesses(name), *sound(name, each)]
    return [Attacked(one, await probes.attack(one.domain, one.task, one.response, RUNNER)) for one in among]


class Seats:
    """A model in the adversary's and in the critic's seat."""

    def __init__(self, desk: Desk, policy: str) -> None:
        """Seat it."""
        self.adversary, self.critic, self.policy = Adversary(desk, policy), Critic(desk, policy), policy
        self.gate = asyncio.Semaphore(AT_ONCE)

    def dealt(self, key: str, one: Planted | Worded) -> Dealt:
        """A hand for a candidate that no round dealt."""
        seed = Seed(id="planted", kind="domain", text=one.domain.name)
        seats = dict.fromkeys(ROLES, self.policy)
        return Dealt(
            episode=key, round=0, position=0, domain=one.domain.name, level=one.task.level, seed=seed, window={},
            neighbours=(), weak=(), seats=seats, templates={}, random=key,
        )  # fmt: skip

    async def claim(self, number: int, one: Planted) -> Probe | None:
        """What the model claims against a candidate, decided by program; none where it cannot be read."""
        attempt = attempted(one.task, one.response, self.policy, "pool", ())
        async with self.gate:
            try:
                return await self.adversary.claim(self.dealt(f"plant-{number}", one), one.domain, one.task, attempt)
            except ReplyError:
                return None

    async def review(self, number: int, one: Worded) -> Critique | None:
        """What the model finds in a wording; none where it cannot be read."""
        checks = await one.domain.check(one.task.grounding, one.response, RUNNER)
        attempt = attempted(one.task, one.response, self.policy, "pool", checks)
        async with self.gate:
            try:
                return await self.critic.review(self.dealt(f"wording-{number}", one), one.domain, one.task, attempt)
            except ReplyError:
                return None


async def asked(found: list[Attacked], name: str, count: int, folder: Path) -> tuple[list[Attacked], dict[str, Any]]:
    """The same with a model's claims added to some of them, and the model's card as a critic."""
    local = dict.fromkeys(ROLES, "student")
    config = SessionConfig.model_validate({"session": folder, "domains": {"arithmetic": [1]}, "seats": local})
    means = real(config, lambda *_: None)
    assert means.base is not None
    ledger = Ledger(folder, write=True)
    client = await means.launcher.launch(means.base)
    try:
        served = means.base.name
        desk = Desk(client, History(ledger), Templates(), lambda policy: served, RUNNER)
        seats, order = Seats(desk, means.base.id), list(range(len(found)))
        stream(name, "asked").shuffle(order)
        weak = [at for at in order if found[at].planted.kind != "sound"][:count]
        good = [at for at in order if found[at].planted.kind == "sound"][: count // 2]
        started = time.perf_counter()
        claims = await asyncio.gather(*(seats.claim(at, found[at].planted) for at in (*weak, *good)))
        mixed = list(found)
        for at, probe in zip((*weak, *good), claims, strict=True):
            if probe is not None:
                mixed[at] = Attacked(found[at].planted, (*found[at].probes, probe))
        wordings = worded(name, max(1, count // 8))
        critiques = await asyncio.gather(*(seats.review(at, one) for at, one in enumerate(wordings)))
        card = critic_card(list(zip(wordings, critiques, strict=True)))
        seconds = round(time.perf_counter() - started, 1)
        facts = {"claims": len(claims), "unreadable_claims": claims.count(None), "seconds": seconds}
        return mixed, {**facts, "critic": card.model_dump()}
    finally:
        await client.close()
        await means.launcher.close()
        ledger.close()


def main() -> None:
    """Attack, ask, and print the cards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="planted", help="names the random stream that plants")
    parser.add_argument("--sound", type=int, default=100, help="sound candidates of every domain")
    parser.add_argument("--model", action="store_true", help="seat the default student too")
    parser.add_argument("--asked", type=int, default=160, help="plants that the model is asked about")
    wanted = parser.parse_args()
    started = time.perf_counter()
    found = asyncio.run(attacked(wanted.name, wanted.sound))
    seconds = round(time.perf_counter() - started, 1)
    card = adversary_card(found)
    said: dict[str, Any] = {"programs": card.model_dump(exclude={"by_policy", "by_policy_alone", "false_of_policy"})}
    if wanted.model:
        with tempfile.TemporaryDirectory(prefix="noria-bench-") as place:
            mixed, model = asyncio.run(asked(found, wanted.name, wanted.asked, Path(place) / "session"))
        own = adversary_card(mixed)
        parts = {"by_policy", "by_policy_alone", "false_of_policy", "found"}
        said["model"] = {**own.model_dump(include=parts), **model}
    said |= {"seconds": seconds, "goal": {"found": FOUND, "false_alarms": FALSE}, "reached": card.reached}
    print(json.dumps(said, indent=2))
    RUNNER.close()


if __name__ == "__main__":
    main()
