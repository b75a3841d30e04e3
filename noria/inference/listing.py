"""What a server lists as served: each name with the root it is made of, and whether several servers agree.

    GET /v1/models ─► {"base": "/models/smollm2", "student-r0003": "/session/students/student-r0003/adapter"}

vLLM names as `root` the weights behind a model and the folder behind an adapter; of an endpoint
that does not tell roots the names alone are compared. Two paths that end alike are one model on
two machines.
"""

import json
from collections.abc import Mapping

import aiohttp

from noria.inference.reply import whole

PATIENCE = 10.0
"""Seconds a server has to list what it serves."""

Listing = Mapping[str, str]
"""Served name to root, empty where it is not told."""


async def listed(session: aiohttp.ClientSession, url: str, key: str) -> Listing:
    """What a server lists.

    Raises:
        OSError, TimeoutError, aiohttp.ClientError: it does not answer.
        ValueError: what it says is no list of models.
    """
    asked = aiohttp.ClientTimeout(total=PATIENCE)
    async with session.get(f"{url}/models", headers={"Authorization": f"Bearer {key}"}, timeout=asked) as reply:
        body = await whole(reply)
        if reply.status != 200:
            raise ValueError(f"status {reply.status}")
    try:
        found = {one["id"]: one.get("root") for one in json.loads(body)["data"]}
    except (KeyError, TypeError, AttributeError) as fault:
        raise ValueError("its /models is no list of models") from fault
    return {str(name): root if isinstance(root, str) else "" for name, root in found.items()}


def same(one: str, other: str) -> bool:
    """Whether two roots may be the same; one that is not told may be any."""
    if not one or not other or one == other:
        return True
    both = one.startswith("/") and other.startswith("/")
    return both and one.rstrip("/").rsplit("/", 1)[-1] == other.rstrip("/").rsplit("/", 1)[-1]


def disagreement(model: str, listings: Mapping[str, Listing]) -> str:
    """A sentence naming two servers that do not serve the same under a name; empty where all agree."""
    having = {url: found[model] for url, found in listings.items() if model in found}
    lacking = next((url for url in listings if url not in having), None)
    if lacking is not None and having:
        names = ", ".join(listings[lacking]) or "nothing"
        return f"{next(iter(having))} serves {model!r} and {lacking} does not, but {names}"
    told = {url: root for url, root in having.items() if root}
    first = next(iter(told), "")
    for url, root in told.items():
        if not same(root, told[first]):
            return f"{model!r} is {told[first]} at {first} and {root} at {url}"
    return ""
