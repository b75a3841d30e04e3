"""An adapter on every replica, before any request may ask for it.

    add ─► wanted of all ─► loaded on each in use ─► listed under its name and folder? ─┬─► served
                                                                                        ├─► ejected, with a sentence
                                                           none could load it ─► error ◄┘
    a replica that comes back is given what it lacks first; what is removed is unloaded everywhere

vLLM routers hand requests on and loads of adapters not at all, so each server is told. A request
for an adapter can only reach a replica that has it: one that lacks it is not in use.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import aiohttp

from noria.errors import EndpointError
from noria.inference.listing import listed
from noria.inference.replicas import Replica, Replicas
from noria.inference.reply import whole
from noria.waiting import waiting

LOAD, UNLOAD = "load_lora_adapter", "unload_lora_adapter"
"""What vLLM calls it."""

PATIENCE = 120.0
"""Seconds a server gets to load or unload an adapter."""

GRACE = 10.0
"""Seconds after which a flip waits for no straggler."""


async def load(url: str, key: str, name: str, folder: str) -> None:
    """Have a server load an adapter under a name; one that it has of that name it lets go first.

    Raises:
        EndpointError: it refuses, or does not answer.
    """
    body = {"lora_name": name, "lora_path": folder}
    status, said = await _told(url, key, LOAD, body)
    if status == 400:  # what it says of a name that it has
        await unload(url, key, name)
        status, said = await _told(url, key, LOAD, body)
    if status != 200:
        raise EndpointError(f"{url} does not {LOAD} {name!r}: status {status}: {said}")


async def unload(url: str, key: str, name: str) -> None:
    """Have a server let an adapter go; one that is not loaded is no error."""
    with suppress(EndpointError):
        await _told(url, key, UNLOAD, {"lora_name": name})


async def _told(url: str, key: str, call: str, body: dict[str, str]) -> tuple[int, str]:
    """The status of a call, and what the server said."""
    name, headers = body["lora_name"], {"Authorization": f"Bearer {key}"}
    try:
        with waiting(f"{url} to {call} {name!r}", PATIENCE):
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session,
                session.post(f"{url}/{call}", headers=headers, json=body) as reply,
            ):
                said = (await whole(reply)).decode("utf-8", "replace")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
        raise EndpointError(f"{url} does not {call} {name!r}: {fault or type(fault).__name__}.") from fault
    return reply.status, " ".join(said.split())[:300]


async def add(replicas: Replicas, name: str, folder: str, *, grace: float = GRACE) -> None:
    """Load an adapter on every replica in use; those that cannot are ejected.

    `grace`: seconds that the others have once the first has loaded it.

    Raises:
        EndpointError: none of them could.
    """
    # Wanted first: a replica that comes back meanwhile gets it too.
    replicas.adapters[name] = folder
    asked = [one for one in replicas.all if not one.why] or list(replicas.all)
    faults = await _all_loaded(asked, name, folder, grace)
    failed = {one: fault for one, fault in zip(asked, faults, strict=True) if fault is not None}
    if len(failed) == len(asked):
        del replicas.adapters[name]
        if len(asked) == 1:
            raise failed[asked[0]]
        said = " ".join(fault.what for fault in failed.values())
        raise EndpointError(f"No replica loads the adapter {name!r}. {said}")
    for one, fault in failed.items():
        replicas.eject(one, fault.what)


async def remove(replicas: Replicas, name: str) -> None:
    """Have every replica in use let an adapter go; of one that is away nobody asks for it again."""
    replicas.adapters.pop(name, None)
    await asyncio.gather(*(unload(one.url, one.key, name) for one in replicas.all if not one.why))


async def _all_loaded(asked: list[Replica], name: str, folder: str, grace: float) -> list[EndpointError | None]:
    """Load an adapter on several at once; once one has it, the others have a while left."""
    loads = [asyncio.create_task(_loaded(one, name, folder)) for one in asked]
    try:
        left: set[asyncio.Task[EndpointError | None]] = set(loads)
        while left and all(one in left or one.result() is not None for one in loads):
            _, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        if left:
            await asyncio.wait(left, timeout=grace)
    finally:
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)
    late = [EndpointError(f"{one.url} did not load {name!r} within {grace:g} s after another had.") for one in asked]
    return [slow if load.cancelled() else load.result() for load, slow in zip(loads, late, strict=True)]


async def _loaded(replica: Replica, name: str, folder: str) -> EndpointError | None:
    """Load an adapter and see that it is there; what went wrong, or none."""
    try:
        await load(replica.url, replica.key, name, folder)
        await check(replica, {name: folder})
    except EndpointError as fault:
        return fault
    return None


async def check(replica: Replica, wanted: dict[str, str]) -> None:
    """Ask a replica whether it lists the adapters under their folders.

    Raises:
        EndpointError: it does not; the sentence names both.
    """
    try:
        async with aiohttp.ClientSession() as session:
            found = await listed(session, replica.url, replica.key)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
        raise EndpointError(f"{replica.url} does not list its models: {fault or type(fault).__name__}.") from fault
    for name, folder in wanted.items():
        if name not in found:
            raise EndpointError(f"{replica.url} loaded {name!r} and does not list it, but {_names(found)}.")
        if found[name] and found[name] != folder:
            raise EndpointError(f"{name!r} at {replica.url} is {found[name]}, and not {folder}.")


async def mend(replica: Replica, wanted: dict[str, str], found: dict[str, str]) -> None:
    """Load the adapters that a replica lacks, or has from elsewhere, by what it lists.

    Raises:
        EndpointError: one does not load.
    """
    for name, folder in wanted.items():
        there = name in found and found[name] in ("", folder)
        if not there and (fault := await _loaded(replica, name, folder)) is not None:
            raise fault


def _names(found: Iterable[str]) -> str:
    return ", ".join(found) or "nothing"
