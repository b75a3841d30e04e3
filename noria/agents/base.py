"""What every agent does: render, call, record, and only then read.

    key ─► finished before? ─► that turn
             └ no ─► render ─► call ─► record ─► turn ─► read

A turn is recorded before it is read: a reply nobody can parse was still paid for. Its key
is the deal's, so a resumed round asks the same questions and finds the finished answers.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ValidationError

from noria.errors import ReplyError
from noria.evaluators.sandbox.runner import Runner
from noria.failpoints import at
from noria.inference.client import Client, Request
from noria.memory.history import History
from noria.prompts import Templates
from noria.types import Dealt, Role, Turn, TurnKey

Reply = TypeVar("Reply", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Desk:
    """What all agents of a session share."""

    client: Client
    history: History
    templates: Templates
    served_as: Callable[[str], str]
    """Policy id to the name it is served under today."""
    runner: Runner
    """Where programs run that a model wrote."""
    clock: Callable[[], float] = time.time
    """Seconds since the epoch, for people to read: nothing is ordered or decided by them."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a seat."""

    template: str
    fields: dict[str, Any]
    max_tokens: int
    temperature: float = 0.0
    n: int = 1
    schema: dict[str, Any] | None = None
    choices: tuple[str, ...] = ()


class Agent:
    """A role held by a policy."""

    role: ClassVar[Role]

    def __init__(self, desk: Desk, policy: str) -> None:
        """Seat a policy."""
        self.desk = desk
        self.policy = policy

    @classmethod
    def seated(cls, desk: Desk, dealt: Dealt) -> "Any":
        """This role's agent with the policy the deal put in its seat."""
        return cls(desk, dealt.seats[cls.role])

    async def turn(self, episode: str, draft: int, attempt: int, ask: Ask) -> Turn:
        """The turn of a key: found finished, or made and recorded now.

        Raises:
            EndpointError: the endpoint cannot answer.
            ConfigError: the template cannot be rendered.
        """
        key = TurnKey(episode=episode, role=self.role, draft=draft, attempt=attempt)
        if (found := self.desk.history.turn(key)) is not None:
            return found
        messages = self.desk.templates.render(ask.template, **ask.fields)
        served_as = self.desk.served_as(self.policy)
        started = self.desk.clock()
        at("call.begun", key)
        completion = await self.desk.client.complete(
            Request(
                role=self.role,
                model=served_as,
                messages=messages,
                max_tokens=ask.max_tokens,
                temperature=ask.temperature,
                n=ask.n,
                schema=ask.schema,
                choices=ask.choices,
                policy=self.policy,
            )
        )
        at("turn.paid")
        turn = Turn(
            key=key,
            policy=self.policy,
            served_as=served_as,
            template=self.desk.templates[ask.template].version,
            messages=messages,
            replies=completion.replies,
            finish=completion.finish,
            logprobs=completion.logprobs,
            usage=completion.usage,
            started=started,
            seconds=completion.seconds,
        )
        await self.desk.history.keep_turn(turn)
        at("turn.kept")
        return turn


def read(kind: type[Reply], turn: Turn) -> Reply:
    """The first reply of a turn as a typed value.

    Raises:
        ReplyError: it is empty, was cut, or is not what the role owes.
    """
    text = turn.replies[0] if turn.replies else ""
    try:
        return kind.model_validate_json(text)
    except ValidationError as fault:
        why = f"cut at {turn.usage.completion_tokens} tokens" if turn.finish[:1] == ("length",) else ""
        first = fault.errors(include_url=False)[0]
        raise ReplyError(f"the {turn.key.role}'s reply cannot be read: {why or first['msg']}") from fault
