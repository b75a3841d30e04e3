"""A policy reads general text aloud, as it were: how likely it finds each passage, token by token.

No words are asked of it, so there is no prompt to render; what was found is recorded as a
turn all the same, under a key of its own and with the hash of its passage, and never paid for twice.
"""

import asyncio
from collections.abc import Awaitable, Callable

from noria.agents.base import Desk
from noria.evaluators.passages import passages
from noria.failpoints import at
from noria.identity import digest
from noria.inference.client import Reader, Scored
from noria.types import Turn, TurnKey

NATS, TOKENS = "nats", "tokens"


async def read(desk: Desk, policy: str, episode: str, draft: int) -> tuple[float, ...] | None:
    """Nats a token of each passage; none where the policy's endpoint gives no logprobs of a prompt.

    Raises:
        EndpointError: the endpoint cannot answer.
    """
    # One is asked first: an endpoint that lacks it is not asked twelve times.
    first = await _passage(desk, policy, episode, draft, 1)
    if first is None:
        return None
    rest = await asyncio.gather(
        *(_passage(desk, policy, episode, draft, number) for number in range(2, len(passages()) + 1))
    )
    found = [one for one in (first, *rest) if one is not None]
    return tuple(found) if len(found) == len(passages()) else None


async def _passage(desk: Desk, policy: str, episode: str, draft: int, number: int) -> float | None:
    key = TurnKey(episode=episode, role="solver", draft=draft, attempt=number)
    source, text = passages()[number - 1]
    client = desk.client

    async def score(served_as: str) -> Scored | None:
        return await client.score(served_as, text, policy) if isinstance(client, Reader) else None

    turn = await scored(desk, key, policy, f"prose@{digest(source + text)[:12]}", score)
    return None if turn is None else turn.logprobs[NATS] / turn.logprobs[TOKENS]


async def scored(
    desk: Desk, key: TurnKey, policy: str, template: str, score: Callable[[str], Awaitable[Scored | None]]
) -> Turn | None:
    """The turn in which a policy read something: found finished, or scored under its served name and recorded now.

    None where the endpoint gives no logprobs of a prompt.
    """
    if (turn := desk.history.turn(key)) is not None:
        return turn
    started, served_as = desk.clock(), desk.served_as(policy)
    at("call.begun", key)
    found = await score(served_as)
    at("turn.paid")
    if found is None:
        return None
    turn = Turn(
        key=key, policy=policy, served_as=served_as, template=template, messages=(), replies=(), finish=(),
        logprobs={NATS: found.nats, TOKENS: found.tokens},
        usage=found.usage, started=started, seconds=found.seconds,
    )  # fmt: skip
    await desk.history.keep_turn(turn)
    at("turn.kept")
    return turn
