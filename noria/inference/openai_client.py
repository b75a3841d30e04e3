"""An OpenAI-compatible endpoint as a client: vLLM, or anything that speaks like it.

    Request ─► POST /v1/chat/completions ─► Completion

Only transport faults, 429 and 5xx are tried again, with growing pauses and inside one
deadline; a refusal is final and keeps the server's words. The reply's content is never a
fault: what a model says is data. The aiohttp transport is used because the default one
collapses at high concurrency. No seed is sent: the CPU backend of vLLM 0.32 dies of one
when a prompt is prefilled in pieces.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from math import exp, log
from typing import Any, TypeVar

from openai import APIConnectionError, APIResponseValidationError, APIStatusError, AsyncOpenAI, DefaultAioHttpClient
from openai.types import Completion as TextCompletion
from openai.types.chat import ChatCompletion

from noria.errors import EndpointError
from noria.inference.client import Completion, Request, Scored
from noria.inference.limiter import Limiter
from noria.types import Usage

Reply = TypeVar("Reply", ChatCompletion, TextCompletion)

AGAIN = frozenset({408, 409, 425, 429})
"""Statuses below 500 that are worth another try."""

PAUSES = (0.25, 8.0)
"""First and longest pause between tries, in seconds."""


class OpenAIClient:
    """One endpoint."""

    def __init__(
        self, url: str, key: str, *, limiter: Limiter, deadline: float = 300.0, gone: Callable[[], str] = lambda: ""
    ) -> None:
        """Talk to the endpoint at `url` (ending in `/v1`); `deadline` in seconds bounds a call with its retries.

        `gone` is asked after a fault of transport: a sentence where no answer will ever come, empty else.
        """
        self.url = url
        self._limiter = limiter
        self._deadline = deadline
        self._gone = gone
        self._client = AsyncOpenAI(
            base_url=url, api_key=key or "none", max_retries=0, timeout=deadline, http_client=DefaultAioHttpClient()
        )

    async def complete(self, request: Request) -> Completion:
        """Answer one request (see `Client.complete`)."""
        arguments = _arguments(request)
        async with self._limiter.place():
            started = time.monotonic()
            reply = await self._tried(request.model, arguments, started + self._deadline, self._chat)
            seconds = time.monotonic() - started
        choices = reply.choices
        return Completion(
            replies=tuple(choice.message.content or "" for choice in choices),
            finish=tuple(str(choice.finish_reason) for choice in choices),
            usage=_usage(reply),
            seconds=seconds,
            logprobs=_choice_logprobs(reply, request.choices),
        )

    async def score(self, model: str, text: str, policy: str = "") -> Scored | None:
        """Score a text by its prompt logprobs, as vLLM gives them (see `Reader.score`)."""
        arguments = {
            "model": model, "prompt": text, "max_tokens": 1, "temperature": 0.0,
            "extra_body": {"prompt_logprobs": 0},
        }  # fmt: skip

        async def create(**arguments: Any) -> TextCompletion:
            reply = await self._client.completions.create(**arguments)
            if not isinstance(reply, TextCompletion) or not isinstance(reply.choices, list):
                raise ValueError("the body is no completion")
            return reply

        async with self._limiter.place():
            started = time.monotonic()
            try:
                reply = await self._tried(model, arguments, started + self._deadline, create)
            except EndpointError as fault:
                if isinstance(fault.__cause__, APIStatusError):  # it was asked for what it does not have
                    return None
                raise
            seconds = time.monotonic() - started
        return _scored(reply, seconds)

    async def _chat(self, **arguments: Any) -> ChatCompletion:
        reply: ChatCompletion = await self._client.chat.completions.create(**arguments)
        if not isinstance(reply, ChatCompletion) or not isinstance(reply.choices, list):
            raise ValueError("the body is no chat completion")
        return reply

    async def _tried(
        self, model: str, arguments: dict[str, Any], until: float, create: Callable[..., Awaitable[Reply]]
    ) -> Reply:
        pause = PAUSES[0]
        while True:
            try:
                async with asyncio.timeout(max(0.001, until - time.monotonic())):
                    return await create(**arguments)
            except APIStatusError as fault:
                why, wait = f"status {fault.status_code}: {_words(fault)}", _retry_after(fault)
                if fault.status_code < 500 and fault.status_code not in AGAIN:
                    raise EndpointError(f"{self.url} refuses {model!r}: {why}.") from fault
            except (APIConnectionError, APIResponseValidationError, TimeoutError, ValueError, OSError) as fault:
                # A truncated or malformed body surfaces as a ValueError: a fault of transport, not a reply.
                why, wait = f"{type(fault).__name__}: {str(fault.__cause__ or fault)[:200]}", 0.0
                if said := self._gone():
                    raise EndpointError(f"{self.url} will not answer for {model!r}: {said}") from fault
            wait = max(wait, pause * random.uniform(0.5, 1.0))
            if time.monotonic() + wait >= until:
                raise EndpointError(
                    f"{self.url} did not answer for {model!r} within {self._deadline:.0f} s ({why}).",
                    mend="Check that it runs; `noria doctor` probes it.",
                )
            await asyncio.sleep(wait)
            pause = min(PAUSES[1], pause * 2)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()


def _scored(reply: TextCompletion, seconds: float) -> Scored | None:
    """The text's score; none where the endpoint passed over what it was asked for."""
    said = (reply.choices[0].model_extra or {}).get("prompt_logprobs") if reply.choices else None
    try:
        # The first token has nothing before it; of the rest vLLM names the text's own first.
        logprobs = [float(next(iter(token.values()))["logprob"]) for token in said or () if token]
    except (TypeError, KeyError, ValueError, AttributeError, StopIteration):
        return None
    return Scored(-sum(logprobs), len(logprobs), _usage(reply), seconds) if logprobs else None


def _usage(reply: ChatCompletion | TextCompletion) -> Usage:
    """What the call was billed for; nothing where the endpoint does not say."""
    if reply.usage is None:
        return Usage()
    return Usage(prompt_tokens=reply.usage.prompt_tokens, completion_tokens=reply.usage.completion_tokens)


def _arguments(request: Request) -> dict[str, Any]:
    """The request as the endpoint takes it."""
    arguments: dict[str, Any] = {
        "model": request.model,
        "messages": [message.model_dump() for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
    }
    if request.n > 1:
        arguments["n"] = request.n
    if request.stop:
        arguments["stop"] = list(request.stop)
    if request.schema is not None:
        schema = {"name": request.role, "schema": request.schema, "strict": True}
        arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.choices:
        arguments |= {"logprobs": True, "top_logprobs": 20}
        arguments["extra_body"] = {"structured_outputs": {"choice": list(request.choices)}}
    return arguments


def _choice_logprobs(reply: ChatCompletion, choices: tuple[str, ...]) -> dict[str, float]:
    """Logprob of each choice, as the mass of the first tokens that begin it and no other."""
    if not choices or not reply.choices or not reply.choices[0].logprobs:
        return {}
    content = reply.choices[0].logprobs.content or []
    found: dict[str, float] = {}
    for top in content[0].top_logprobs if content else []:
        begun = [choice for choice in choices if top.token.strip() and choice.startswith(top.token.strip())]
        if len(begun) == 1:
            found[begun[0]] = found.get(begun[0], 0.0) + exp(top.logprob)
    return {choice: log(mass) for choice, mass in found.items() if mass > 0}


def _words(fault: APIStatusError) -> str:
    """The server's own words, on one line."""
    body = fault.body
    said = body.get("message", body) if isinstance(body, dict) else body or fault.message
    return " ".join(str(said).split())[:300]


def _retry_after(fault: APIStatusError) -> float:
    """Seconds the server asks to wait."""
    try:
        return min(60.0, max(0.0, float(fault.response.headers.get("retry-after", "0"))))
    except ValueError:
        return 0.0
