"""The replicas of an endpoint before anybody plays: who is there, whether they are one policy, what they can do.

    address ─► lists its models ─┬─► all agree on the model ─► each has what the seats need ─► in use
                                 ├─► two do not ─► refused, by a sentence that names both
                                 └─► away ─► left out for now; all away ─► refused

An address that is away at the start is looked at again while the others play, as any that is ejected.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import aiohttp

from noria.errors import EndpointError
from noria.inference.listing import Listing, disagreement, listed
from noria.inference.probe import PAUSE, TRIES, require
from noria.types import Role

ONE = "Serve the same model at every address of an endpoint, or make them endpoints of their own."


@dataclass(frozen=True, slots=True)
class Mustered:
    """Who is there."""

    root: str
    """What the model is made of, as they tell it; empty where they do not."""
    away: dict[str, str]
    """Addresses that do not answer, and how."""


async def muster(urls: Sequence[str], key: str, model: str, roles: Iterable[Role]) -> Mustered:
    """Look at every address of an endpoint, and refuse what could not play as one policy.

    Raises:
        EndpointError: nobody is there, two disagree, or one lacks what the seats need.
    """
    roles = list(roles)
    if len(urls) == 1:
        await require(urls[0], key, model, roles)
        return Mustered("", {})
    found = await listings(urls, key)
    there = {url: one for url, one in found.items() if not isinstance(one, str)}
    if not there:
        await require(urls[0], key, model, roles)
    if said := disagreement(model, there):
        raise EndpointError(f"The replicas of an endpoint disagree: {said}.", mend=ONE)
    faults = await asyncio.gather(*(require(url, key, model, roles) for url in there), return_exceptions=True)
    for fault in faults:
        if fault is not None:
            raise fault
    root = next((one[model] for one in there.values() if one.get(model)), "")
    return Mustered(root, {url: one for url, one in found.items() if isinstance(one, str)})


async def listings(urls: Sequence[str], key: str) -> dict[str, Listing | str]:
    """What each address lists, or why it does not; one that is away is asked again, for it may be coming back."""
    async with aiohttp.ClientSession() as session:
        return dict(zip(urls, await asyncio.gather(*(_listing(session, url, key) for url in urls)), strict=True))


async def _listing(session: aiohttp.ClientSession, url: str, key: str) -> Listing | str:
    said = ""
    for left in reversed(range(TRIES)):
        try:
            return await listed(session, url, key)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
            said = f"it does not list its models ({fault or type(fault).__name__})"
        if left:
            await asyncio.sleep(PAUSE)
    return said
