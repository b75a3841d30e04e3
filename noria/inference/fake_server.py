"""An OpenAI-compatible server that speaks real HTTP and has no model behind it.

    python -m noria.inference.fake_server --port 0        prints {"url": …} and serves

It answers like a vLLM does, from a puppet, and can be told to lack what some endpoints
lack (JSON schemas, adapters, logprobs), to be slow, and to fail its next calls, so that
clients, probes and whole sessions are tested against a socket and not against a patch.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from math import log
from typing import Any, Literal

import orjson
from aiohttp import web

from noria.inference.client import Request
from noria.inference.ports import HOST
from noria.inference.puppet import Puppet, read_steadily
from noria.inference.scripted import Reads, Script, framed
from noria.types import Message, Role

Fault = Literal["500", "429", "drop", "truncate"]
"""What the server does to a call instead of answering it."""

SLOW = 10
"""How many times as long a straggling answer takes."""

_ROLES: dict[str, Role] = {"generator": "generator", "critic": "critic", "adversary": "adversary"}


@dataclass
class FakeServer:
    """One fake endpoint; use it as an async context manager."""

    models: tuple[str, ...] = ("base",)
    key: str = ""
    """Bearer key that calls must carry; empty asks for none."""
    script: Script = field(default_factory=Puppet)
    reads: Reads = read_steadily
    latency: float = 0.0
    """Seconds before each answer."""
    straggles: int = 0
    """Of so many calls one takes ten times as long; 0: none does."""
    pace: float = 0.0
    """Seconds that it takes to write a token, for each reply."""
    slower: float = 1.0
    """How many times as long an adapter takes for a token."""
    schemas: bool = True
    adapters: bool = True
    logprobs: bool = True
    longest: int = 0
    """Words that a chat may have before it is refused as too long; 0 refuses none."""
    at_once: int = 0
    """Calls it works on at a time, the others queue; 0 bounds none."""
    root: str = ""
    """What it says its models are made of; empty says nothing."""
    unloadable: bool = False
    """Whether it refuses every adapter."""
    templates: bool = True
    """Whether it tells how its chat template renders."""
    names: bool = True
    """Whether a reply's id carries the name that came with its question, as vLLM's does."""
    port: int = 0
    faults: list[Fault] = field(default_factory=list)
    """What happens to the next calls, one each, before the server answers again."""
    calls: int = 0
    traceparents: list[str] = field(default_factory=list)
    """The trace context that each call came with; empty where it came with none."""
    peers: set[Any] = field(default_factory=set)
    """The connections that calls came on, by the address at their other end."""
    loaded: dict[str, str] = field(default_factory=dict)
    """Adapters by name, with their folder."""
    _runner: web.AppRunner | None = None
    _in_flight: int = 0
    _waiting: int = 0
    _slots: asyncio.Semaphore | None = None

    @property
    def url(self) -> str:
        """The base address, ending in `/v1`."""
        return f"http://{HOST}:{self.port}/v1"

    async def __aenter__(self) -> "FakeServer":
        """Listen on loopback."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._text)
        if self.templates:
            app.router.add_post("/tokenize", self._tokens)
            app.router.add_post("/detokenize", self._words)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        if self.adapters:
            app.router.add_post("/v1/load_lora_adapter", self._load)
            app.router.add_post("/v1/unload_lora_adapter", self._unload)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        assert self._runner is not None
        await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.key and request.path.startswith("/v1") and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": {"message": "wrong key"}}, status=401)
        response: web.StreamResponse = await handler(request)
        return response

    async def _models(self, request: web.Request) -> web.Response:
        roots = {**dict.fromkeys(self.models, self.root), **self.loaded}
        names = [{"id": name, "object": "model"} | ({"root": root} if root else {}) for name, root in roots.items()]
        return web.json_response({"object": "list", "data": names})

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _metrics(self, request: web.Request) -> web.Response:
        told = {"running": self._in_flight, "waiting": self._waiting}
        lines = [f'vllm:num_requests_{name}{{engine="0"}} {float(count)}\n' for name, count in told.items()]
        return web.Response(text="".join(lines))

    async def _load(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.unloadable:
            return web.Response(status=500, text="The adapter does not fit into the memory that is left")
        if body["lora_name"] in self.loaded:
            return web.Response(status=400, text=f"The adapter {body['lora_name']} is loaded already")
        if not body["lora_path"].startswith("/") or "nowhere" in body["lora_path"]:
            return web.Response(status=404, text=f"No adapter found for {body['lora_path']}")
        self.loaded[body["lora_name"]] = body["lora_path"]
        return web.Response(text="Success")

    async def _unload(self, request: web.Request) -> web.Response:
        body = await request.json()
        found = self.loaded.pop(body["lora_name"], None)
        return web.Response(status=200 if found else 404, text="Success" if found else "not loaded")

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._called(request, self._completion_or_score)

    async def _text(self, request: web.Request) -> web.StreamResponse:
        return await self._called(request, self._scored)

    async def _called(
        self, request: web.Request, answer: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> web.StreamResponse:
        self.calls += 1
        self.traceparents.append(request.headers.get("traceparent", ""))
        if request.transport is not None:
            self.peers.add(request.transport.get_extra_info("peername"))
        body = orjson.loads(await request.read())
        async with self._worked_on():
            return await self._answered(body, request, answer)

    @asynccontextmanager
    async def _worked_on(self) -> AsyncIterator[None]:
        """Work on a call, once it is its turn."""
        if self.at_once and self._slots is None:
            self._slots = asyncio.Semaphore(self.at_once)
        self._waiting += 1
        async with self._slots or nullcontext():
            self._waiting -= 1
            self._in_flight += 1
            try:
                if self.latency:
                    slow = self.straggles and self.calls % self.straggles == 0
                    await asyncio.sleep(self.latency * (SLOW if slow else 1))
                yield
            finally:
                self._in_flight -= 1

    async def _answered(
        self, body: dict[str, Any], request: web.Request, answer: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> web.StreamResponse:
        if self.faults:
            return await self._fail(self.faults.pop(0), request)
        if body["model"] not in (*self.models, *self.loaded):
            return web.json_response({"error": {"message": f"The model `{body['model']}` does not exist."}}, status=404)
        if 0 < self.longest < sum(len(_text(one).split()) for one in body.get("messages", ())):
            return web.json_response({"error": {"message": "The prompt is too long for this model."}}, status=400)
        said = answer(body)
        if self.names and (name := request.headers.get("X-Request-Id")):
            said["id"] = f"{said['id'].partition('-')[0]}-{name}"
        if self.pace:
            tokens = said["usage"]["completion_tokens"] / len(said["choices"])
            await asyncio.sleep(self.pace * tokens * (self.slower if body["model"] in self.loaded else 1.0))
        return _json(said)

    async def _fail(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        match fault:
            case "drop":
                assert request.transport is not None
                request.transport.close()
                return web.Response()
            case "truncate":
                return web.Response(body=b'{"id": "cut", "choices": [{"mess', content_type="application/json")
            case "429":
                return web.json_response({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "0"})
            case _:
                return web.json_response({"error": {"message": "broken"}}, status=500)

    def _completion_or_score(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("prompt_logprobs") is None:
            return self._completion(body)
        asked = self._request(body)
        begins = bool(body.get("add_generation_prompt", True))
        closed = not begins and not body.get("continue_final_message")
        text = framed(asked.messages, begins=begins, closed=closed)
        words, said = text.split(), self.reads(body["model"], text)
        tokens = [{str(at): {"logprob": one, "rank": 1, "decoded_token": words[at]}} for at, one in enumerate(said, 1)]
        prompt = {"prompt_logprobs": [None, *tokens]} if self.logprobs else {}
        usage = {"prompt_tokens": len(words), "completion_tokens": 1, "total_tokens": len(words) + 1}
        return {**self._completion(body), **prompt, "usage": usage}

    def _completion(self, body: dict[str, Any]) -> dict[str, Any]:
        asked = self._request(body)
        said = self.script(asked)
        replies: Sequence[str] = (said,) * asked.n if isinstance(said, str) else said
        prompt = sum(len(message.content) for message in asked.messages) // 4
        choices = [
            {
                "index": at,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": reply},
                "logprobs": _first_token(asked.choices, reply) if body.get("logprobs") and self.logprobs else None,
            }
            for at, reply in enumerate(replies)
        ]
        made = sum(max(1, len(reply) // 4) for reply in replies)
        if body.get("ignore_eos"):  # as long as was asked for, whatever is said
            made = len(replies) * asked.max_tokens
        return {
            "id": f"chatcmpl-{self.calls}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body["model"],
            "choices": choices,
            "usage": {"prompt_tokens": prompt, "completion_tokens": made, "total_tokens": prompt + made},
        }

    async def _tokens(self, request: web.Request) -> web.Response:
        """A chat as its template renders it; a token is a character."""
        chat = (await request.json())["messages"]
        text = "".join(f"<|im_start|>{one['role']}\n{one['content']}<|im_end|>\n" for one in chat)
        return web.json_response({"tokens": [ord(one) for one in text], "count": len(text)})

    async def _words(self, request: web.Request) -> web.Response:
        return web.json_response({"prompt": "".join(map(chr, (await request.json())["tokens"]))})

    def _said(self, body: dict[str, Any]) -> str:
        """What goes on after a text: what the script says to a request without messages."""
        asked = Request("generator", body["model"], (), body["max_tokens"], body.get("temperature", 1.0))
        said = self.script(asked)
        return said if isinstance(said, str) else said[0]

    def _scored(self, body: dict[str, Any]) -> dict[str, Any]:
        """A text completion, with the prompt's logprobs where they are asked for."""
        words = body["prompt"].split()
        said = self.reads(body["model"], body["prompt"])
        tokens = [{str(at): {"logprob": one, "rank": 1, "decoded_token": words[at]}} for at, one in enumerate(said, 1)]
        asked = self.logprobs and body.get("prompt_logprobs") is not None
        choice = {"index": 0, "finish_reason": "length", "text": " and", "logprobs": None}
        if body.get("max_tokens", 1) > 1:
            choice |= {"finish_reason": "stop", "text": self._said(body)}
        return {
            "id": f"cmpl-{self.calls}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": body["model"],
            "choices": [{**choice, "prompt_logprobs": [None, *tokens] if asked else None}],
            "usage": {"prompt_tokens": len(words), "completion_tokens": 1, "total_tokens": len(words) + 1},
        }

    def _request(self, body: dict[str, Any]) -> Request:
        form = (body.get("response_format") or {}).get("json_schema") or {}
        schema = form.get("schema") if self.schemas else None
        choices = tuple((body.get("structured_outputs") or {}).get("choice", ()))
        return Request(
            role=_ROLES.get(form.get("name", ""), "judge" if choices else "solver"),
            model=body["model"],
            messages=tuple(Message(role=one["role"], content=_text(one)) for one in body["messages"]),
            max_tokens=body.get("max_tokens", 64),
            temperature=body.get("temperature", 1.0),
            n=body.get("n") or 1,
            schema=schema,
            choices=choices,
        )


def _text(message: dict[str, Any]) -> str:
    """What a message says; some clients send it in parts."""
    said = message["content"]
    return said if isinstance(said, str) else "".join(part.get("text", "") for part in said)


def _first_token(choices: tuple[str, ...], reply: str) -> dict[str, Any]:
    """Logprobs of the first token, a little surer of the reply than of the rest."""
    rest = max(1, len(choices) - 1)
    tops = [
        {"token": one, "logprob": log(0.6 if one == reply else 0.4 / rest), "bytes": None}
        for one in choices or (reply,)
    ]
    first = next((top for top in tops if top["token"] == reply), tops[0])
    return {"content": [{**first, "top_logprobs": tops}]}


def _json(value: Any) -> web.Response:
    body = orjson.dumps(value)
    return web.Response(body=body, content_type="application/json")


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until the process ends."""
    models = tuple(arguments.models.split(","))
    server = FakeServer(
        models, key=arguments.key, latency=arguments.latency_ms / 1000, straggles=arguments.straggles,
        pace=arguments.token_ms / 1000, at_once=arguments.at_once, port=arguments.port,
    )  # fmt: skip
    async with server:
        sys.stdout.write(json.dumps({"url": server.url}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--straggles", type=int, default=0)
    parser.add_argument("--token-ms", type=float, default=0.0)
    parser.add_argument("--at-once", type=int, default=0)
    parser.add_argument("--key", default="")
    parser.add_argument("--models", default="base")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
