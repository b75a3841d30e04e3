"""An OpenAI-compatible endpoint as a client: vLLM, or anything that speaks like it.

    Request ─► POST /v1/chat/completions ─► body ─► read strictly ─► Completion

Only faults of transport, 429, 5xx and bodies that are no answer to the question are tried
again (`trying.py` says where and until when); a refusal is final and keeps the server's
words. The reply's content is never a fault: what a model says is data. How calls go over HTTP, and why
chats alone keep their connections open, stands in `chats.py`. No seed is sent: the CPU backend of
vLLM 0.32 dies of one when a prompt is prefilled in pieces.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from noria.errors import EndpointError
from noria.inference.chats import CHAT, Chats
from noria.inference.client import Completion, Request, Scored
from noria.inference.congestion import Congestion
from noria.inference.health import Health
from noria.inference.limiter import Limiter
from noria.inference.replicas import Replica, Replicas
from noria.inference.reply import read
from noria.inference.scoring import gone_on, scored
from noria.inference.trying import Call, Reply, StatusError, Trying, now
from noria.types import Message

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
        self._chats = Chats(max(CONNECTIONS, limiter.limit))

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
        body = {"model": model, "prompt": text, "max_tokens": 1, "temperature": 0.0, "prompt_logprobs": 0}

        async def call(replica: Replica, started: float) -> Scored | None:
            said = await self._ask(replica, "/completions", body)
            return scored(said, now() - started)

        return await self._read(model, f"the score of a text by {model!r} at {self.url}", call)

    async def score_chat(self, model: str, messages: tuple[Message, ...], policy: str = "") -> Scored | None:
        """Score a chat by its prompt logprobs: the server writes it with the model's own template."""
        if not self._scores:
            return None
        answered = messages[-1].role == "assistant"
        body = {
            "model": model, "messages": [one.model_dump() for one in messages], "max_tokens": 1, "temperature": 0.0,
            "prompt_logprobs": 0, "add_generation_prompt": not answered, "continue_final_message": answered,
        }  # fmt: skip

        async def call(replica: Replica, started: float) -> Scored | None:
            said = await self._ask(replica, CHAT, body)
            return scored(said, now() - started)

        return await self._read(model, f"the score of a chat by {model!r} at {self.url}", call)

    async def _answer(self, what: str, model: str, call: Call[Reply], choices: int = 1) -> Reply:
        self.health.begin()
        return await self._trying.answer(what, model, call, choices)

    async def _read(self, model: str, what: str, call: Call[Reply]) -> Reply | None:
        """What a call gives that not every endpoint has; none where it is refused."""
        try:
            return await self._answer(what, model, call)
        except EndpointError as fault:
            if isinstance(fault.__cause__, StatusError):  # it was asked for what it does not have
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
            body = {
                "model": request.model, "prompt": opening, "max_tokens": request.max_tokens,
                "temperature": request.temperature, "add_special_tokens": False,
            } | ({"stop": closing} if closing else {})  # fmt: skip
            return gone_on(await self._ask(replica, "/completions", body), now() - started)

        return await self._read(request.model, f"what {request.model!r} at {self.url} says unasked", call)

    async def _template(self, replica: Replica, model: str) -> tuple[str, str]:
        """What the chat template of a model says before a user's words and after them; empty where it is not told."""
        if model not in self._templates:
            server, key = replica.url.removesuffix("/v1"), replica.key or "none"
            body: dict[str, Any] = {
                "model": model, "messages": [{"role": "user", "content": WORD}], "add_generation_prompt": False,
            }  # fmt: skip
            tokens = _told(await self._chats.ask(f"{server}/tokenize", key, body), "tokens")
            body = {"model": model, "tokens": tokens}
            text = str(_told(await self._chats.ask(f"{server}/detokenize", key, body), "prompt"))
            opening, found, closing = text.partition(WORD)
            self._templates[model] = (opening, closing.strip()) if found else ("", "")
        return self._templates[model]

    async def close(self) -> None:
        """Give the connections back."""
        await self.health.end()
        await self._chats.close()

    async def _ask(self, replica: Replica, path: str, body: dict[str, Any]) -> bytes:
        return await self._chats.ask(replica.url + path, replica.key or "none", body)


def _told(body: bytes, name: str) -> Any:
    said = json.loads(body)
    if not isinstance(said, dict) or name not in said:
        raise ValueError(f"the body has no `{name}`")
    return said[name]


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
