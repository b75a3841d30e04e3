"""What every agent does: render, call, record, and only then read.

    key ─► finished before? ─► that turn
             └ no ─► render ─► call ─► record ─► turn ─► read

A turn is recorded before it is read: a reply nobody can parse was still paid for. Its key
is the deal's, so a resumed round asks the same questions and finds the finished answers.

Exams and calibrations are no part of a deal: what they ask hangs on who holds a seat, which
verifiers are trusted and which student was trained, and that may be another when a broken
round goes on. There a finished turn is the answer only to the very question, put to the very
policy; another question takes the same place under a key of its own.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from noria.evaluators.sandbox.runner import Runner
from noria.failpoints import at
from noria.fence import settled
from noria.identity import content_id
from noria.inference.client import Client, Request
from noria.memory.history import History
from noria.prompts import Templates
from noria.prompts.fields import FIELDS, NOTES
from noria.types import Dealt, Message, Role, Turn, TurnKey


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the agents of one episode are asked with."""

    templates: Templates
    notes: tuple[str, ...] = ()
    """The steering notes in force, for whom asks for them."""


@dataclass(slots=True)
class Desk:
    """What all agents of a session share."""

    client: Client
    history: History
    templates: Templates
    """Those in force: what is asked outside of a dealt hand is asked with them."""
    served_as: Callable[[str], str]
    """Policy id to the name it is served under today."""
    runner: Runner
    """Where programs run that a model wrote."""
    sits: Callable[[str], str] = lambda policy: policy
    """Dealt policy to the one that sits there now: another, where the dealt one was stepped back from."""
    clock: Callable[[], float] = time.time
    """Seconds since the epoch, for people to read: nothing is ordered or decided by them."""
    traced: Callable[[TurnKey], str] = lambda key: ""
    """A call's W3C trace context; empty where nobody traces."""
    sheets: dict[str, Sheet] = field(default_factory=dict)
    """The sheet of each episode of the batch that plays."""

    def sheet(self, episode: str) -> Sheet:
        """What the agents of an episode are asked with: its own sheet, or the templates in force."""
        return self.sheets.get(episode) or Sheet(self.templates)


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
    unasked: bool = False
    """Whether the policy is to speak in the user's place, where its endpoint lets it (see `unasked`)."""


class Agent:
    """A role held by a policy."""

    role: ClassVar[Role]

    def __init__(self, desk: Desk, policy: str) -> None:
        """Seat a policy."""
        self.desk = desk
        self.policy = policy
        self.dealt = False
        """Whether a committed deal put it in its seat, so that a key says what is asked, and of whom."""

    @classmethod
    def seated(cls, desk: Desk, dealt: Dealt) -> "Any":
        """This role's agent with the policy the deal put in its seat, or the one that took its place since."""
        agent = cls(desk, desk.sits(dealt.seats[cls.role]))
        agent.dealt = True
        return agent

    async def turn(self, episode: str, draft: int, attempt: int, ask: Ask) -> Turn:
        """The turn of a key: found finished, or made and recorded now.

        Raises:
            EndpointError: the endpoint cannot answer.
            ConfigError: the template cannot be rendered.
        """
        key, sheet = TurnKey(episode=episode, role=self.role, draft=draft, attempt=attempt), self.desk.sheet(episode)
        found = self.desk.history.turn(key)
        if found is not None and self.dealt:
            return found
        told = {NOTES: sheet.notes} if sheet.notes and NOTES in FIELDS[ask.template] else {}
        messages = sheet.templates.render(ask.template, **ask.fields, **told)
        if found is not None and (question := self._question(messages)) != self._question(found.messages, found.policy):
            key = key.model_copy(update={"question": question})
            found = self.desk.history.turn(key)
        if found is not None:
            return found
        served_as = self.desk.served_as(self.policy)
        started = self.desk.clock()
        at("call.begun", key)
        request = Request(
            role=self.role, model=served_as, messages=messages, max_tokens=ask.max_tokens, temperature=ask.temperature,
            n=ask.n, schema=sheet.templates[ask.template].schema or ask.schema, choices=ask.choices,
            stop=sheet.templates[ask.template].stop, policy=self.policy, traceparent=self.desk.traced(key),
        )  # fmt: skip
        completion = await self.desk.client.complete(request)
        at("turn.paid")
        turn = Turn(
            key=key,
            policy=self.policy,
            served_as=served_as,
            template=sheet.templates[ask.template].version,
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

    def _question(self, messages: tuple[Message, ...], policy: str = "") -> str:
        """Who is asked what, as a hash; the marks of a fence, drawn anew for every call, are no part of it."""
        return content_id("question", [policy or self.policy, [(one.role, settled(one.content)) for one in messages]])
