"""An OpenAI-compatible endpoint as a client: vLLM, or anything that speaks like it.

    Request ─► POST /v1/chat/completions ─► body ─► read strictly ─► Completion

Only faults of transport, 429, 5xx and bodies that are no answer to the question are tried
again, with growing pauses and inside one deadline; a refusal is final and keeps the server's
words. The reply's content is never a fault: what a model says is data. The aiohttp transport
is used because the default one collapses at high concurrency, with a connection for each
call: on one that stays open, a reply that a server or a proxy sends twice becomes the answer
to whoever asks next. No seed is sent: the CPU backend of vLLM 0.32 dies of one when a prompt
is prefilled in pieces.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import aiohttp
import httpx2
from openai import APIConnectionError, APIResponseValidationError, APIStatusError, AsyncOpenAI, DefaultAioHttpClient
from openai.types import Completion as TextCompletion
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion

from noria.errors import EndpointError
from noria.inference.client import Completion, Request, Scored
from noria.inference.limiter import Limiter
from noria.inference.reply import cap, read
from noria.types import Message, Usage
from noria.waiting import Wait, waiting

Reply = TypeVar("Reply")

AGAIN = frozenset({408, 409, 425, 429})
"""Statuses below 500 that are worth another try."""

PAUSES = (0.25, 8.0)
"""First and longest pause between tries, in seconds."""

TRANSPORT = (
    APIConnectionError, APIResponseValidationError, httpx2.HTTPError, aiohttp.ClientError, TimeoutError, ValueError,
    OSError,
)  # fmt: skip
"""Faults of transport; those of the lower layers pass the client's own tree where they come with the body."""

RETRY_AFTER = 60.0
"""Most seconds that a server's Retry-After is followed, and never more than a quarter of the deadline."""

ALONE = httpx2.Limits(max_connections=1000, max_keepalive_connections=0, keepalive_expiry=0.0)
"""A connection for each call."""


WORD = "waterwheel"
"""A user's word that stands in no chat template."""


class OpenAIClient:
    """One endpoint."""

    def __init__(
        self, url: str, key: str, *, limiter: Limiter, deadline: float = 300.0,
        gone: Callable[[], str] = lambda: "", scores: bool = True,
    ) -> None:  # fmt: skip
        """Talk to the endpoint at `url` (ending in `/v1`); `deadline` in seconds bounds a call with its retries.

        `gone` is asked after a fault of transport: a sentence where no answer will ever come, empty else.
        Without `scores` no text is scored: the endpoint would not survive it.
        """
        self.url = url
        self._limiter = limiter
        self._deadline = deadline
        self._gone = gone
        self._scores = scores
        self._templates: dict[str, tuple[str, str]] = {}
        """Served name to what its chat template says around a user's words."""
        self._client = AsyncOpenAI(
            base_url=url, api_key=key or "none", max_retries=0, timeout=deadline,
            default_headers={"Connection": "close", "Accept-Encoding": "identity"},
            http_client=DefaultAioHttpClient(limits=ALONE, event_hooks={"response": [cap]}),
        )  # fmt: skip

    async def complete(self, request: Request) -> Completion:
        """Answer one request (see `Client.complete`)."""
        arguments = _arguments(request)
        async with self._limiter.place():
            until = time.monotonic() + self._deadline
            who = f"the {request.role}'s answer from {request.model!r} at {self.url}"
            with waiting(who, self._deadline) as wait:

                async def call(started: float) -> Completion:
                    reply = await self._client.chat.completions.with_raw_response.create(**arguments)
                    return read(reply.http_response.content, request, time.monotonic() - started)

                return await self._tried(request.model, call, until, wait)

    async def score(self, model: str, text: str, policy: str = "") -> Scored | None:
        """Score a text by its prompt logprobs, as vLLM gives them (see `Reader.score`)."""
        if not self._scores:
            return None
        arguments: dict[str, Any] = {
            "model": model, "prompt": text, "max_tokens": 1, "temperature": 0.0,
            "extra_body": {"prompt_logprobs": 0},
        }  # fmt: skip

        async def call(started: float) -> Scored | None:
            reply = await self._client.completions.create(**arguments)
            if not isinstance(reply, TextCompletion) or not isinstance(reply.choices, list):
                raise ValueError("the body is no completion")
            said = (reply.choices[0].model_extra or {}).get("prompt_logprobs") if reply.choices else None
            return _scored(said, reply.usage, time.monotonic() - started)

        return await self._read(model, f"the score of a text by {model!r} at {self.url}", call)

    async def score_chat(self, model: str, messages: tuple[Message, ...], policy: str = "") -> Scored | None:
        """Score a chat by its prompt logprobs: the server writes it with the model's own template."""
        if not self._scores:
            return None
        answered = messages[-1].role == "assistant"
        arguments: dict[str, Any] = {
            "model": model, "messages": [one.model_dump() for one in messages], "max_tokens": 1, "temperature": 0.0,
            "extra_body": {
                "prompt_logprobs": 0, "add_generation_prompt": not answered, "continue_final_message": answered,
            },
        }  # fmt: skip

        async def call(started: float) -> Scored | None:
            reply = await self._client.chat.completions.create(**arguments)
            if not isinstance(reply, ChatCompletion) or not isinstance(reply.choices, list):
                raise ValueError("the body is no completion")
            said = (reply.model_extra or {}).get("prompt_logprobs")
            return _scored(said, reply.usage, time.monotonic() - started)

        return await self._read(model, f"the score of a chat by {model!r} at {self.url}", call)

    async def _read(self, model: str, what: str, call: Callable[[float], Awaitable[Scored | None]]) -> Scored | None:
        async with self._limiter.place():
            with waiting(what, self._deadline) as wait:
                try:
                    return await self._tried(model, call, time.monotonic() + self._deadline, wait)
                except EndpointError as fault:
                    if isinstance(fault.__cause__, APIStatusError):  # it was asked for what it does not have
                        return None
                    raise

    async def unasked(self, request: Request) -> Completion | None:
        """Let a policy speak in the user's place (see `Speaker.unasked`), as vLLM can.

        The server renders its own chat template around a word of ours and tells the text (`/tokenize`,
        `/detokenize`): what stands before the word is the prompt, what stands behind it the end of the turn.
        """

        async def call(started: float) -> Completion | None:
            opening, closing = await self._template(request.model)
            if not opening:
                return None
            reply = await self._client.completions.create(
                model=request.model, prompt=opening, max_tokens=request.max_tokens, temperature=request.temperature,
                stop=closing or None, extra_body={"add_special_tokens": False},
            )  # fmt: skip
            if not isinstance(reply, TextCompletion) or not isinstance(reply.choices, list) or not reply.choices:
                raise ValueError("the body is no completion")
            said = reply.choices[0]
            return Completion((said.text,), (str(said.finish_reason),), _usage(reply.usage), time.monotonic() - started)

        async with self._limiter.place():
            with waiting(f"what {request.model!r} at {self.url} says unasked", self._deadline) as wait:
                try:
                    return await self._tried(request.model, call, time.monotonic() + self._deadline, wait)
                except EndpointError as fault:
                    if isinstance(fault.__cause__, APIStatusError):  # it was asked for what it does not have
                        return None
                    raise

    async def _template(self, model: str) -> tuple[str, str]:
        """What the chat template of a model says before a user's words and after them; empty where it is not told."""
        if model not in self._templates:
            server = self._client.with_options(base_url=self.url.removesuffix("/v1"))
            chat = [{"role": "user", "content": WORD}]
            body: Any = {"model": model, "messages": chat, "add_generation_prompt": False}
            told: Any = await server.post("/tokenize", cast_to=object, body=body)
            body = {"model": model, "tokens": told["tokens"]}
            told = await server.post("/detokenize", cast_to=object, body=body)
            opening, found, closing = str(told["prompt"]).partition(WORD)
            self._templates[model] = (opening, closing.strip()) if found else ("", "")
        return self._templates[model]

    async def _tried(self, model: str, call: Callable[[float], Awaitable[Reply]], until: float, waited: Wait) -> Reply:
        started, pause, tries, why = time.monotonic(), PAUSES[0], 0, ""
        while True:
            try:
                async with asyncio.timeout(max(0.001, until - time.monotonic())):
                    return await call(started)
            except APIStatusError as fault:
                why, wait = f"status {fault.status_code}: {_words(fault)}", _retry_after(fault, self._deadline)
                if fault.status_code < 500 and fault.status_code not in AGAIN:
                    raise EndpointError(f"{self.url} refuses {model!r}: {why}.") from fault
            except TRANSPORT as fault:
                # A truncated or malformed body surfaces as a ValueError: a fault of transport, not a reply.
                wait = 0.0
                # A last try that was cut at the deadline tells less than what the one before it came to.
                if not (why and isinstance(fault, TimeoutError) and time.monotonic() >= until):
                    why = f"{type(fault).__name__}: {' '.join(str(fault.__cause__ or fault).split())[:200]}"
                if said := self._gone():
                    raise EndpointError(f"{self.url} will not answer for {model!r}: {said}") from fault
            wait = max(wait, pause * random.uniform(0.5, 1.0))
            if time.monotonic() + wait >= until:
                raise EndpointError(
                    f"{self.url} did not answer for {model!r} within {self._deadline:.0f} s ({why}).",
                    mend="Check that it runs; `noria doctor` probes it.",
                )
            tries += 1
            waited.said = f"{tries} tries failed, the last with {why}"
            await asyncio.sleep(wait)
            pause = min(PAUSES[1], pause * 2)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()


def _scored(said: Any, spent: CompletionUsage | None, seconds: float) -> Scored | None:
    """What was read, by its prompt logprobs; none where the endpoint passed over what it was asked for."""
    try:
        # The first token has nothing before it; of the rest vLLM names the text's own first.
        logprobs = [float(next(iter(token.values()))["logprob"]) for token in said or () if token]
    except (TypeError, KeyError, ValueError, AttributeError, StopIteration):
        return None
    return Scored(-sum(logprobs), len(logprobs), _usage(spent), seconds) if logprobs else None


def _usage(spent: CompletionUsage | None) -> Usage:
    if spent is None:
        return Usage()
    return Usage(prompt_tokens=spent.prompt_tokens, completion_tokens=spent.completion_tokens)


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
    if request.traceparent:
        arguments["extra_headers"] = {"traceparent": request.traceparent}
    if request.schema is not None:
        schema = {"name": request.role, "schema": request.schema, "strict": True}
        arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.choices:
        arguments |= {"logprobs": True, "top_logprobs": 20}
        arguments["extra_body"] = {"structured_outputs": {"choice": list(request.choices)}}
    return arguments


def _words(fault: APIStatusError) -> str:
    """The server's own words, on one line."""
    body = fault.body
    said = body.get("message", body) if isinstance(body, dict) else body or fault.message
    return " ".join(str(said).split())[:300]


def _retry_after(fault: APIStatusError, deadline: float) -> float:
    """Seconds the server asks to wait, as far as anyone will: what it says is a number, a date, or nonsense."""
    said = fault.response.headers.get("retry-after", "0")
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return min(RETRY_AFTER, deadline / 4, seconds) if seconds > 0 else 0.0  # what is no number is not above 0
