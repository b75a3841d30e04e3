"""A client that answers from a script: for tests, examples and dry runs."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from noria.inference.client import Completion, Request, Scored
from noria.inference.puppet import read_steadily
from noria.types import Message, Usage

Script = Callable[[Request], str | Sequence[str]]
"""Request to one reply for all n, or to a sequence of replies; it may raise what a client raises."""


Reads = Callable[[str, str], Sequence[float]]
"""Served name and text to the logprobs of its tokens after the first."""


class ScriptedClient:
    """Answers every request by calling a script, and remembers the requests."""

    def __init__(
        self, script: Script, *, delay: float = 0.0, reads: Reads | None = read_steadily, speaks: bool = True
    ) -> None:
        """Answer from `script`, after `delay` seconds; score texts by `reads`, or not at all.

        `speaks` is whether it can be had to speak unasked, of which the script is told by a request without messages.
        """
        self.script = script
        self.reads = reads
        self.delay = delay
        self.speaks = speaks
        self.requests: list[Request] = []
        self.scored: list[tuple[str, str]] = []
        """Served name and text of every text that was scored."""

    async def complete(self, request: Request) -> Completion:
        """Answer one request (see `Client.complete`)."""
        self.requests.append(request)
        if self.delay:
            await asyncio.sleep(self.delay)
        said = self.script(request)
        replies = (said,) * request.n if isinstance(said, str) else tuple(said)
        prompt = sum(len(message.content.split()) for message in request.messages)
        return Completion(
            replies=replies,
            finish=("stop",) * len(replies),
            usage=Usage(prompt_tokens=prompt, completion_tokens=sum(len(reply.split()) for reply in replies)),
            seconds=self.delay,
        )

    async def unasked(self, request: Request) -> Completion | None:
        """Speak in the user's place (see `Speaker.unasked`)."""
        return await self.complete(replace(request, messages=(), schema=None)) if self.speaks else None

    async def score(self, model: str, text: str, policy: str = "") -> Scored | None:
        """Score a text (see `Reader.score`)."""
        if self.reads is None:
            return None
        self.scored.append((model, text))
        said = self.reads(model, text)
        return Scored(-sum(said), len(said), Usage(prompt_tokens=len(said) + 1, completion_tokens=1), self.delay)

    async def score_chat(self, model: str, messages: tuple[Message, ...], policy: str = "") -> Scored | None:
        """Score a chat (see `ChatReader.score_chat`): its lines after one another, as one text."""
        return await self.score(model, aloud(messages), policy)

    async def close(self) -> None:
        """Nothing to give back."""


def aloud(messages: Sequence[Message]) -> str:
    """A chat as one text: its lines, each after who says it, and where the assistant would begin if it has not."""
    answered = bool(messages) and messages[-1].role == "assistant"
    return framed(messages, begins=not answered, closed=False)


def framed(messages: Sequence[Message], *, begins: bool, closed: bool) -> str:
    """A chat as one text, as the flags of an endpoint ask for it."""
    said = [f"<{one.role}> {one.content}" for one in messages]
    return " ".join([*said, *(["<end>"] if closed else []), *(["<assistant>"] if begins else [])])
