"""Whom a rehearsal asks: the policy that holds the seat, where it is served now, or whoever is named instead.

--endpoint URL --model M ─► that endpoint        a name of the config ─► its endpoint
a dry run                ─► the puppet           else ─► the session's own running server
"""

from dataclasses import dataclass
from pathlib import Path

from noria.config import Endpoint
from noria.errors import ConfigError, EndpointError
from noria.graphs.rehearsing.question import Question
from noria.graphs.rehearsing.questions import Source
from noria.inference.client import Client
from noria.inference.limiter import Limiter
from noria.inference.openai_client import OpenAIClient
from noria.inference.puppet import Puppet
from noria.inference.replicas import at
from noria.inference.scripted import ScriptedClient
from noria.inference.vllm_server import Running, running
from noria.types import Policy

SERVERS = "servers"
"""Where a session's servers leave their owners' records."""

DEADLINE = 120.0
"""Seconds one call of a rehearsal may take."""

AT_ONCE = 8
"""Calls of a rehearsal in flight together: a running session has the rest of the server."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who answers."""

    client: Client
    model: str
    said: str
    """Who that is, for people."""


def puppet() -> Asked:
    """The pretended policy of a dry run."""
    return Asked(ScriptedClient(Puppet()), "base", "a puppet")


def endpoint(source: Source, named: str, model: str) -> Asked:
    """An endpoint by its name in the config, or by its address and a model.

    Raises:
        ConfigError: it is neither, or no model is named.
    """
    if (known := source.config.endpoints.get(named)) is not None:
        return _client(known.addresses(), known.key(), model or known.model, f"the endpoint {named}")
    if not named.startswith(("http://", "https://")):
        names = ", ".join(source.config.endpoints) or "none"
        raise ConfigError(f"{named!r} is no address and no endpoint of the session.", mend=f"It has {names}.")
    if not model:
        raise ConfigError(f"Which model of {named!r} is to be asked?", mend="Name it with --model.")
    given = Endpoint(url=named, model=model)
    return _client(given.addresses(), given.key(), model, named)


def seated(source: Source, question: Question) -> Asked:
    """Whoever holds the seat of a question, where it is served now.

    Raises:
        EndpointError: it is not served; the sentence says what is.
    """
    history, role = source.history, question.role
    held = history.policy(question.dealt.seats[role])
    for policy in dict.fromkeys(one.id for one in (held, history.pointer("student")) if one is not None):
        found = history.policy(policy)
        assert found is not None
        if found.name in source.config.endpoints:
            return endpoint(source, found.name, "")
        if (server := _serving(source.config.session / SERVERS, found)) is not None:
            if server.rests:
                raise EndpointError(
                    f"The server of {found.name!r} rests while a student is trained.", mend="Try again afterwards."
                )
            return _client((server.url,), server.key, found.name, f"{found.name}, on the session's own server")
    who = held.name if held else question.dealt.seats[role]
    raise EndpointError(
        f"Nobody serves {who!r}, who holds the {role}'s seat: the session is not running.",
        mend="Run or resume it, name an endpoint with --endpoint and --model, or use --dry-run.",
    )


def _serving(folder: Path, policy: Policy) -> Running | None:
    """The server that answers for a policy: its own, or the base's, where it is an adapter in it."""
    own = running(folder, policy.name)
    return own if own is not None or not policy.adapter else running(folder, "base")


def _client(urls: tuple[str, ...], key: str, model: str, said: str) -> Asked:
    replicas, limiter = at(urls, key, AT_ONCE), Limiter(AT_ONCE)
    return Asked(OpenAIClient(urls[0], key, limiter=limiter, deadline=DEADLINE, replicas=replicas), model, said)
