"""What a player is told: once, when it begins (`House`); when something changed (`Standing`); with a hand (`Hand`).

    config, passages, benchmarks, endpoints ─► House          seats, beaten verifiers, policies ─► Standing
    deal, its words, its finished turns ─► Hand

Nothing here holds a key: a player finds those of the endpoints in the environment of its own
machine, where whoever set up the machine put them.
"""

import os
from dataclasses import dataclass
from ipaddress import ip_address
from math import ceil
from urllib.parse import urlsplit

import noria
from noria.config import SessionConfig
from noria.evaluators.contamination import Item
from noria.graphs.context import Context
from noria.graphs.furnishing import Furnished
from noria.inference.openai_client import OpenAIClient
from noria.memory.timeline import Timeline
from noria.tracing import endpoint
from noria.types import Dealt, Policy, Quarantine, Seed, Turn


@dataclass(frozen=True, slots=True)
class Door:
    """An endpoint of the config, as a player calls it by itself."""

    policy: str
    """Id of the policy that answers there."""
    urls: tuple[str, ...]
    model: str
    root: str
    """What the model is made of, where that is known."""
    key_env: str

    @property
    def far(self) -> bool:
        """Whether it is reached from other machines too."""
        return not any(loopback(urlsplit(url).hostname or "") for url in self.urls)


@dataclass(frozen=True, slots=True)
class House:
    """What stays as it is while a session runs."""

    config: SessionConfig
    domains: tuple[str, ...]
    """The families of tasks that the session's process has."""
    passages: tuple[Seed, ...]
    benchmarks: tuple[Item, ...]
    doors: tuple[Door, ...]
    remote: dict[str, str]
    """Endpoint name to the id of the policy that answers there."""
    keys: tuple[str, ...]
    """Environment variables in which the session's process finds keys of endpoints."""
    session: str
    """What the session is called in traces; empty where nobody traces."""
    share: int
    """Model calls that one player may have in flight."""
    version: str = noria.__version__


@dataclass(frozen=True, slots=True)
class Standing:
    """What may change while a session runs."""

    served: dict[str, str]
    """Policy to the name that it answers under."""
    instead: dict[str, str]
    lineage: frozenset[str]
    policies: tuple[Policy, ...]
    pointers: dict[str, str]
    beaten: dict[str, Quarantine]


@dataclass(frozen=True, slots=True)
class Hand:
    """A dealt hand with all that it is played by."""

    dealt: Dealt
    templates: dict[str, str]
    """Name to version of its templates."""
    texts: dict[str, str]
    """Version to text, of those that the player has not had."""
    notes: tuple[str, ...]
    turns: tuple[Turn, ...]
    """Its finished turns, where it was begun before."""


def house(context: Context, told: Furnished, players: int) -> House:
    """What each of so many players is told."""
    config, doors, keys = context.config, list[Door](), set[str]()
    for name, policy in context.remote.items():
        one = config.endpoints[name]
        client = context.fleet.pool.client(policy)
        root = (client.replicas.serves.get(one.model) or "") if isinstance(client, OpenAIClient) else ""
        doors.append(Door(policy, one.addresses(), one.model, root, one.key_env))
        keys.update({one.key_env} if os.environ.get(one.key_env) else ())
    return House(
        config, tuple(context.domains), tuple(told.source.passages), tuple(told.benchmarks), tuple(doors),
        dict(context.remote),
        tuple(sorted(keys)), Timeline(context.history).session if endpoint(os.environ) else "",
        ceil(config.play.concurrency / players),
    )  # fmt: skip


def standing(context: Context) -> Standing:
    """How things stand now."""
    history = context.history
    policies = tuple(one.model_copy(update={"training": {}}) for one in history.policies())
    found = {name: history.pointer(name) for name in ("base", "student")}
    return Standing(
        context.fleet.served(), dict(context.instead), frozenset(context.lineage), policies,
        {name: one.id for name, one in found.items() if one is not None}, history.quarantined(),
    )  # fmt: skip


def loopback(host: str) -> bool:
    """Whether a host is this machine, whoever asks."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
