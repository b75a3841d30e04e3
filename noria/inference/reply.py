"""What an endpoint sent, read strictly: a completion, or a sentence why it is none.

    body ─► no larger than a reply can be ─► JSON ─► a chat completion ─► as many choices as were asked for

What a model says is data and never a fault; what the endpoint wraps it in is believed only
where it is whole. Fewer choices than were asked for are what many endpoints give, and count
as what they are; more, two under one index, or none at all show that the reply is not the
answer to the question, and nobody guesses which of them was meant.
"""

import json
from math import exp, log
from typing import Annotated, Any

import aiohttp
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError

from noria.inference.client import Completion, Request
from noria.types import Usage

LIMIT = 16 * 2**20
"""Bytes of a body that are read: 64 answers of 8,000 tokens take a quarter of it."""


class Oversized(ValueError):
    """A body is larger than any reply can be."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


def _mended(text: Any) -> Any:
    """A text without halves of characters, which JSON can say and UTF-8 cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(text, str) else text


Text = Annotated[str, BeforeValidator(_mended)]


class _Top(_Strict):
    token: Text
    logprob: FiniteFloat


class _Token(_Strict):
    top_logprobs: list[_Top] = []


class _Logprobs(_Strict):
    content: list[_Token] | None = None


class _Message(_Strict):
    content: Text | None = None


class _Choice(_Strict):
    index: int
    message: _Message
    finish_reason: Text | None = None
    logprobs: _Logprobs | None = None


class Spent(_Strict):
    """What a reply says it took."""

    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)

    def usage(self) -> Usage:
        """The same as it is kept."""
        return Usage(prompt_tokens=self.prompt_tokens, completion_tokens=self.completion_tokens)


class _Body(_Strict):
    choices: list[_Choice]
    usage: Spent | None = None


def read(body: bytes, request: Request, seconds: float) -> Completion:
    """The completion in a body.

    Raises:
        ValueError: it is no chat completion, or no answer to this request.
    """
    try:
        said = _body(body)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the body"
        raise ValueError(f"the body is no chat completion: {where}: {first['msg']}") from fault
    except RecursionError as fault:
        raise ValueError("the body is nested too deep") from fault
    found = sorted(said.choices, key=lambda choice: choice.index)
    if not 0 < len(found) <= request.n or len({choice.index for choice in found}) < len(found):
        indices = ", ".join(str(choice.index) for choice in found[:8]) or "none"
        raise ValueError(f"{request.n} choices were asked for and {len(found)} came (indices {indices})")
    return Completion(
        replies=tuple(choice.message.content or "" for choice in found),
        finish=tuple(str(choice.finish_reason) for choice in found),
        usage=(said.usage or Spent()).usage(),
        seconds=seconds,
        logprobs=_of_choices(found[0].logprobs, request.choices),
    )


def _body(body: bytes) -> _Body:
    try:
        return _Body.model_validate_json(body)
    except ValidationError:  # it may hold a half of a character, which the quicker reader refuses
        return _Body.model_validate(json.loads(body))


def _of_choices(said: _Logprobs | None, choices: tuple[str, ...]) -> dict[str, float]:
    """Logprob of each choice, as the mass of the first tokens that begin it and no other."""
    found: dict[str, float] = {}
    tokens = (said.content if said else None) or []
    for top in tokens[0].top_logprobs if tokens else []:
        begun = [choice for choice in choices if top.token.strip() and choice.startswith(top.token.strip())]
        if len(begun) == 1:
            found[begun[0]] = found.get(begun[0], 0.0) + exp(min(0.0, top.logprob))
    return {choice: log(mass) for choice, mass in found.items() if mass > 0}


async def whole(reply: aiohttp.ClientResponse) -> bytes:
    """The body of a reply, also of a refusal.

    Raises:
        Oversized: it is larger than any reply can be.
    """
    read = bytearray()
    async for chunk in reply.content.iter_chunked(65536):
        read += chunk
        if len(read) > LIMIT:
            raise Oversized(f"the body is larger than {LIMIT >> 20} MiB")
    return bytes(read)
