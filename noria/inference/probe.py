"""Asks an endpoint what it can do, instead of finding out in the middle of a round.

Each finding is one line with the mend. A JSON schema that an endpoint accepts and ignores
is found too: the answer must be the one number the schema allows.
"""

import asyncio
import json
from collections.abc import Iterable

import aiohttp

from noria.errors import EndpointError
from noria.inference.client import Completion, Request
from noria.inference.finding import Finding
from noria.inference.limiter import Limiter
from noria.inference.openai_client import OpenAIClient
from noria.inference.reply import whole
from noria.types import Message, Role

SEVEN = {
    "type": "object",
    "properties": {"n": {"type": "integer", "minimum": 7, "maximum": 7}},
    "required": ["n"],
    "additionalProperties": False,
}
PATIENCE = 60.0
"""Seconds one question may take."""
TRIES, PAUSE = 3, 0.5
"""How often an endpoint that is away is asked, and the seconds between."""


NEEDS: dict[Role, str] = {
    "generator": "JSON schema",
    "critic": "JSON schema",
    "adversary": "JSON schema",
    "judge": "choice",
    "solver": "chat",
}
"""What a seat cannot do without, beyond an answer."""


async def probe(url: str, key: str, model: str, *, adapters: bool = False) -> list[Finding]:
    """What an endpoint can do for a model: serve it, chat, keep a JSON schema, choose with logprobs, load adapters."""
    client = OpenAIClient(url, key, limiter=Limiter(4), deadline=PATIENCE)
    try:
        found = [await _reached(url, key, model)]
        if found[-1].ok:
            found.append(await _chat(client, model))
        if found[-1].ok:
            found += [await _schema(client, model), await _choice(client, model)]
            if adapters:
                found.append(await _adapters(url, key))
        return found
    finally:
        await client.close()


async def require(url: str, key: str, model: str, roles: Iterable[Role]) -> None:
    """Refuse an endpoint that lacks what the seats it would hold need.

    Raises:
        EndpointError: the first thing that is missing, and the mend.
    """
    needed = {"reach", "model", "chat", *(NEEDS[role] for role in roles)}
    for finding in await probe(url, key, model):
        if finding.name in needed and not finding.ok:
            raise EndpointError(f"{url} cannot serve {model!r}: {finding.name}: {finding.said}.", mend=finding.mend)


async def _reached(url: str, key: str, model: str) -> Finding:
    """Whether it lists the model; one that is away is asked again, for it may be coming back."""
    for _ in range(TRIES - 1):
        found = await _listed(url, key, model)
        if found.ok or found.name != "reach":
            return found
        await asyncio.sleep(PAUSE)
    return await _listed(url, key, model)


async def _listed(url: str, key: str, model: str) -> Finding:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.get(f"{url}/models", headers={"Authorization": f"Bearer {key}"}) as reply,
        ):
            if reply.status in (401, 403):
                return Finding(
                    "reach",
                    False,
                    f"it refuses the key (status {reply.status})",
                    "Set the variable named by `key_env`.",
                )
            if reply.status >= 500 or reply.status == 429:
                return Finding("reach", False, f"it answers with status {reply.status}", "Look into its log.")
            names = [one["id"] for one in json.loads(await whole(reply))["data"]]
    except (aiohttp.ClientError, TimeoutError, OSError) as fault:
        return Finding(
            "reach", False, f"it does not answer ({fault or type(fault).__name__})", "Start it, or mend `url`."
        )
    except (ValueError, KeyError, TypeError):
        return Finding("reach", False, "its /models is no list of models", "The address must end in /v1.")
    if model not in names:
        return Finding("model", False, f"it does not serve {model!r} but {', '.join(names)}", "Mend `model`.")
    return Finding("model", True, f"it serves {model!r}")


async def _ask(client: OpenAIClient, model: str, text: str, **how: object) -> Completion:
    said = (Message(role="user", content=text),)
    return await client.complete(Request(role="judge", model=model, messages=said, max_tokens=24, **how))  # type: ignore[arg-type]


async def _chat(client: OpenAIClient, model: str) -> Finding:
    try:
        done = await _ask(client, model, "Say hello.")
    except EndpointError as fault:
        return Finding("chat", False, str(fault), "The model needs a chat template.")
    return Finding("chat", True, f"{done.usage.completion_tokens} tokens in {done.seconds:.2f} s")


async def _schema(client: OpenAIClient, model: str) -> Finding:
    mend = "Use an endpoint with structured outputs, such as vLLM."
    try:
        done = await _ask(client, model, "Give a number as JSON.", schema=SEVEN)
        kept = json.loads(done.replies[0]) == {"n": 7}
    except EndpointError as fault:
        return Finding("JSON schema", False, str(fault), mend)
    except (ValueError, IndexError):
        kept = False
    return Finding("JSON schema", kept, "it is kept" if kept else "it is ignored", "" if kept else mend)


async def _choice(client: OpenAIClient, model: str) -> Finding:
    mend = "The judge needs an endpoint with `structured_outputs.choice`."
    try:
        done = await _ask(client, model, "Accept or reject?", choices=("accept", "reject"))
    except EndpointError as fault:
        return Finding("choice", False, str(fault), mend)
    if done.replies[:1] not in (("accept",), ("reject",)):
        return Finding("choice", False, "it is ignored", mend)
    if not done.logprobs:
        return Finding("choice", True, "it is kept, without logprobs: rulings count with confidence 1")
    return Finding("choice", True, "it is kept, with logprobs")


async def _adapters(url: str, key: str) -> Finding:
    body = {"lora_name": "noria-probe", "lora_path": "/nowhere/noria-probe"}
    mend = "Start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=1, or set `serve.student: merged`."
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
            session.post(f"{url}/load_lora_adapter", headers={"Authorization": f"Bearer {key}"}, json=body) as reply,
        ):
            said = (await whole(reply)).decode("utf-8", "replace")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
        return Finding("adapters", False, repr(fault), mend)
    # Only a server that knows the call names the adapter that it did not find.
    there = body["lora_name"] in said
    return Finding("adapters", there, "can be loaded" if there else "cannot be loaded", "" if there else mend)
