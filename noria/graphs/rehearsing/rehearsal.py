"""A rehearsal: the same questions with two versions of a template, side by side; nothing is written into the session.

    questions ─► spread over domains and levels ─► asked with a, asked with b ─► weighed by program ─► pairs

Both versions are asked of the policy that holds the seat, at the same temperature, so on a few
seeds one sees what a template does to form; whether it is better, a trial tells (`noria prompts ab`).
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from noria.agents.base import Sheet
from noria.errors import ConfigError
from noria.graphs.rehearsing.question import Question
from noria.graphs.rehearsing.questions import Source
from noria.graphs.rehearsing.weighing import Weighed, weigh
from noria.graphs.steering.batches import opened
from noria.inference.client import Client, Request
from noria.prompts import Template, Templates
from noria.prompts.fields import FIELDS, NOTES
from noria.types import Message, Turn, TurnKey

LOOKED = 8
"""Questions looked through for each that is asked, to find different domains and levels."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one version got."""

    turn: Turn
    weighed: Weighed


@dataclass(frozen=True, slots=True)
class Pair:
    """One seed, and what both versions got for it."""

    question: Question
    a: Reply
    b: Reply


async def chosen(source: Source, template: str, count: int) -> list[Question]:
    """Questions to rehearse: of the newest round that has some, of as many domains and levels as may be.

    Raises:
        ConfigError: the session never asked with this template.
    """
    found: list[Question] = []
    async with aclosing(source.questions(template)) as questions:
        async for one in questions:
            if len(found) >= count and one.dealt.round != found[0].dealt.round:
                break
            found.append(one)
            if len(found) >= LOOKED * count:
                break
    if not found:
        raise ConfigError(
            f"The session has not asked with {template!r} yet, so there is nothing real to ask.",
            mend="Wait until it has played a batch, or `noria prompts render` it with examples.",
        )
    return _spread(found)[:count]


def _spread(found: Iterable[Question]) -> list[Question]:
    """One of each domain and level first, then the second of each, and so on."""
    seen: dict[tuple[str, int], int] = {}
    placed = []
    for at, one in enumerate(found):
        key = one.dealt.domain, one.dealt.level
        seen[key] = seen.get(key, 0) + 1
        placed.append((seen[key], at, one))
    return [one for *_, one in sorted(placed, key=lambda place: place[:2])]


def sheet(source: Source, templates: Templates, question: Question) -> Sheet:
    """What the agents of the question's episode were asked with: its templates, and the notes in force."""
    dealt = question.dealt
    batch = dealt.position // source.config.play.batch + 1
    _, sheets = opened(source.history, templates, dealt.round, batch, [dealt])
    return sheets.get(dealt.episode) or Sheet(templates)


def messages(question: Question, template: Template, notes: tuple[str, ...] = ()) -> tuple[Message, ...]:
    """The prompt that a question makes of a template."""
    told = {NOTES: notes} if notes and NOTES in FIELDS[template.name] else {}
    return template.render({**question.ask.fields, **told})


async def rehearse(
    source: Source, client: Client, model: str, questions: list[Question], a: Template, b: Template,
    notes: Callable[[Question], tuple[str, ...]],
) -> list[Pair]:  # fmt: skip
    """Ask every question with both templates, all at once.

    Raises:
        EndpointError: the endpoint cannot answer.
        ConfigError: a template cannot be rendered.
    """

    async def asked(question: Question, template: Template) -> Reply:
        ask, prompt = question.ask, messages(question, template, notes(question))
        started = time.time()
        got = await client.complete(
            Request(
                role=question.role, model=model, messages=prompt, max_tokens=ask.max_tokens, n=1,
                temperature=ask.temperature, schema=template.schema or ask.schema, choices=ask.choices,
            )
        )  # fmt: skip
        key = TurnKey(episode=question.dealt.episode, role=question.role, draft=1, attempt=1)
        turn = Turn(
            key=key, policy=model, served_as=model, template=template.version, messages=prompt, replies=got.replies,
            finish=got.finish, logprobs=got.logprobs, usage=got.usage, started=started, seconds=got.seconds,
        )  # fmt: skip
        return Reply(turn, await weigh(question, turn, source.history, source.runner))

    async def paired(question: Question) -> Pair:
        one, two = await asyncio.gather(asked(question, a), asked(question, b))
        return Pair(question, one, two)

    return list(await asyncio.gather(*map(paired, questions)))
