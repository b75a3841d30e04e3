"""An OpenAI-compatible endpoint as a client: vLLM, or anything that speaks like it.

    Request ─► POST /v1/chat/completions ─► body ─► read strictly ─► Completion

Only faults of transport, 429, 5xx and bodies that are no answer to the question are tried
again (`trying.py` says where and until when); a refusal is final and keeps the server's
words. The reply's content is never a fault: what a model says is data. Chats go through aiohttp
itself (`chats.py`) and the few other calls through OpenAI's library on aiohttp's transport, for
the default one collapses at high concurrency. The few other calls have a connection each: on one
that stays open, a reply that a server or a proxy sends twice becomes the answer to whoever
asks next; how chats keep theirs open all the same stands in `chats.py`. No seed is sent: the CPU
backend of vLLM 0.32 dies of one when a prompt is prefilled in pieces.
"""

from collections.abc import Callable, Sequence
from typing import Any

import httpx2
import orjson
from openai import APIStatusError, AsyncOpenAI, DefaultAioHttpClient
from openai.types import Completion as TextCompletion
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion

from noria.errors import EndpointError
from noria.inference.chats import Chats
from noria.inference.client import Completion, Request, Scored
from noria.inference.congestion import Congestion
from noria.inference.health import Health
from noria.inference.limiter import Limiter
from noria.inference.replicas import Replica, Replicas
from noria.inference.reply import cap, read
from noria.inference.trying import Call, Reply, Trying, now
from noria.types import Message, Usage

CONNECTIONS = 1000
"""Connections there may be at least, one for each call."""

WORD = "waterwheel"
"""A user's word that stands in no chat template."""


class OpenAIClient:
    """One endpoint, on one server or on several that serve the same."""

    def __init__(
        self, url: str, key: str, *, limiter: Limiter, deadline: float = 300.0,
        gone: Callable[[], str] = lambda: "", scores: bool = True,
        replicas: Sequence[Replica] = (), serves: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Talk to the endpoint at `url` (ending in `/v1`); `deadline` in seconds bounds a call with its tries.

        `gone` is asked after a fault of transport: a sentence where no answer will ever come, empty else.
        Without `scores` no text is scored: the endpoint would not survive it. `replicas` stand for `url`,
        `key` and `gone` where there are several, and `serves` names the models that each must list.
        """
        found = list(replicas) or [Replica(url, key, Congestion(limiter.limit), gone)]
        self._replicas = Replicas(found, serves)
        self.health = Health(self._replicas)
        self.url = self._replicas.name
        self._trying = Trying(self._replicas, limiter, deadline)
        self._scores = scores
        self._templates: dict[str, tuple[str, str]] = {}
        connections = max(CONNECTIONS, limiter.limit)
        self._chats = Chats(connections)
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=0, keepalive_expiry=0.0)
        self._client = AsyncOpenAI(
            base_url=found[0].url, api_key=found[0].key or "none", max_retries=0, timeout=deadline,
            default_headers={"Connection": "close", "Accept-Encoding": "identity"},
            http_client=DefaultAioHttpClient(limits=limits, event_hooks={"response": [cap]}),
        )  # fmt: skip
        # They share their connections, and are made once: each has its own address and key.
        self._at = {one: self._client.with_options(base_url=one.url, api_key=one.key or "none") for one in found}

    @property
    def replicas(self) -> Replicas:
        """The servers that answer."""
        return self._replicas

    async def complete(self, request: Request) -> Completion:
        """Answer one request (see `Client.complete`)."""
        body = orjson.dumps(_body(request))

        async def call(replica: Replica, started: float) -> Completion:
            said = await self._chats.send(replica.url, replica.key or "none", body, request.traceparent)
            return read(said, request, now() - started)

        what = f"the {request.role}'s answer from {request.model!r} at {self.url}"
        return await self._answer(what, request.model, call, request.n)

    async def score(self, model: str, text: str, policy: str = "") -> Scored | None:
        """Score a text by its prompt logprobs, as vLLM gives them (see `Reader.score`)."""
        if not self._scores:
            return None
        arguments: dict[str, Any] = {
            "model": model, "prompt": text, "max_tokens": 1, "temperature": 0.0,
            "extra_body": {"prompt_logprobs": 0},
        }  # fmt: skip

        async def call(replica: Replica, started: float) -> Scored | None:
            reply = await self._at[replica].completions.create(**arguments)
            if not isinstance(reply, TextCompletion) or not isinstance(reply.choices, list):
                raise ValueError("the body is no completion")
            said = (reply.choices[0].model_extra or {}).get("prompt_logprobs") if reply.choices else None
            return _scored(said, reply.usage, now() - started)

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

        async def call(replica: Replica, started: float) -> Scored | None:
            reply = await self._at[replica].chat.completions.create(**arguments)
            if not isinstance(reply, ChatCompletion) or not isinstance(reply.choices, list):
                raise ValueError("the body is no completion")
            said = (reply.model_extra or {}).get("prompt_logprobs")
            return _scored(said, reply.usage, now() - started)

        return await self._read(model, f"the score of a chat by {model!r} at {self.url}", call)

    async def _answer(self, what: str, model: str, call: Call[Reply], choices: int = 1) -> Reply:
        self.health.begin()
        return await self._trying.answer(what, model, call, choices)

    async def _read(self, model: str, what: str, call: Call[Reply]) -> Reply | None:
        """What a call gives that not every endpoint has; none where it is refused."""
        try:
            return await self._answer(what, model, call)
        except EndpointError as fault:
            if isinstance(fault.__cause__, APIStatusError):  # it was asked for what it does not have
                return None
            raise

    async def unasked(self, request: Request) -> Completion | None:
        """Let a policy speak in the user's place (see `Speaker.unasked`), as vLLM can.

        The server renders its own chat template around a word of ours and tells the text (`/tokenize`,
        `/detokenize`): what stands before the word is the prompt, what stands behind it the end of the turn.
        """

        async def call(replica: Replica, started: float) -> Completion | None:
            opening, closing = await self._template(replica, request.model)
            if not opening:
                return None
            reply = await self._at[replica].completions.create(
                model=request.model, prompt=opening, max_tokens=request.max_tokens, temperature=request.temperature,
                stop=closing or None, extra_body={"add_special_tokens": False},
            )  # fmt: skip
            if not isinstance(reply, TextCompletion) or not isinstance(reply.choices, list) or not reply.choices:
                raise ValueError("the body is no completion")
            said = reply.choices[0]
            return Completion((said.text,), (str(said.finish_reason),), _usage(reply.usage), now() - started)

        return await self._read(request.model, f"what {request.model!r} at {self.url} says unasked", call)

    async def _template(self, replica: Replica, model: str) -> tuple[str, str]:
        """What the chat template of a model says before a user's words and after them; empty where it is not told."""
        if model not in self._templates:
            server = self._at[replica].with_options(base_url=replica.url.removesuffix("/v1"))
            chat = [{"role": "user", "content": WORD}]
            body: Any = {"model": model, "messages": chat, "add_generation_prompt": False}
            told: Any = await server.post("/tokenize", cast_to=object, body=body)
            body = {"model": model, "tokens": told["tokens"]}
            told = await server.post("/detokenize", cast_to=object, body=body)
            opening, found, closing = str(told["prompt"]).partition(WORD)
            self._templates[model] = (opening, closing.strip()) if found else ("", "")
        return self._templates[model]

    async def close(self) -> None:
        """Give the connections back."""
        await self.health.end()
        await self._chats.close()
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


def _body(request: Request) -> dict[str, Any]:
    """The request as the endpoint takes it."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [message.model_dump() for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
    }
    if request.n > 1:
        body["n"] = request.n
    if request.stop:
        body["stop"] = list(request.stop)
    if request.schema is not None:
        schema = {"name": request.role, "schema": request.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.choices:
        body |= {"logprobs": True, "top_logprobs": 20, "structured_outputs": {"choice": list(request.choices)}}
    return body
