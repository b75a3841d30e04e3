"""A client that answers from a script: for tests, examples and dry runs."""

import asyncio
from collections.abc import Callable, Sequence

from noria.inference.client import Completion, Request
from noria.types import Usage

Script = Callable[[Request], str | Sequence[str]]
"""Request to one reply for all n, or to a sequence of replies; it may raise what a client raises."""


class ScriptedClient:
    """Answers every request by calling a script, and remembers the requests."""

    def __init__(self, script: Script, *, delay: float = 0.0) -> None:
        """Answer from `script`, after `delay` seconds."""
        self.script = script
        self.delay = delay
        self.requests: list[Request] = []

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

    async def close(self) -> None:
        """Nothing to give back."""
