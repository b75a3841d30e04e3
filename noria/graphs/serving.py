"""Bringing up the pool of a session: whoever may be asked from here on has a name it answers under."""

from collections.abc import Sequence

from noria.errors import ConfigError
from noria.graphs.context import Context
from noria.identity import content_id
from noria.inference.limiter import Limiter
from noria.inference.muster import muster
from noria.inference.openai_client import OpenAIClient
from noria.inference.replicas import at
from noria.types import ROLES, Policy, Role


async def serve(context: Context, *, base: bool, limiter: Limiter) -> None:
    """Bring the pool up: remote endpoints, the base, the student that solves, and who earned another seat.

    `base`: whether the session has a student of its own.

    Raises:
        ConfigError: a seat is held by a local policy and there is none.
        EndpointError: a policy cannot be served.
    """
    config, history = context.config, context.history
    for name, endpoint in config.endpoints.items():
        roles = [role for role in ROLES if config.seat(role) == name]
        address, key = endpoint.address(), endpoint.key()
        found = await muster(endpoint.addresses(), key, endpoint.model, roles)
        policy = Policy(id=content_id("policy", [address, endpoint.model]), name=name)
        if history.policy(policy.id) is None:
            if history.policy(name) is not None:  # resumed with another address: who answers there is another policy
                policy = policy.model_copy(update={"name": f"{name}-{policy.id[-4:]}"})
            await history.keep_policy(policy)
        client = calling(endpoint.addresses(), key, endpoint.model, found.root, limiter, config.play.deadline)
        context.fleet.serve_remote(policy, endpoint.model, client)
        for one in client.replicas.all:
            if one.url in found.away:
                client.replicas.eject(one, found.away[one.url])
        context.remote[name] = policy.id
    if config.needs_local():
        if not base:
            raise ConfigError("A seat is held by a local policy, but the session has no student.")
        for name in ("base", "student"):
            await context.bring_up(context.pointer(name))
        await fill(context, context.seats())
    context.lineage.update(policy.id for policy in history.policies() if policy.student or policy.name == "base")


def calling(urls: Sequence[str], key: str, model: str, root: str, limiter: Limiter, deadline: float) -> OpenAIClient:
    """A client for an endpoint of the config."""
    return OpenAIClient(
        urls[0], key, limiter=limiter, deadline=deadline,
        replicas=at(urls, key, limiter.limit), serves={model: root},
    )  # fmt: skip


async def fill(context: Context, seats: dict[Role, str]) -> None:
    """Serve whoever holds a seat; a seat that fell back may have an older holder."""
    for policy in dict.fromkeys(seats.values()):
        await context.bring_up(context.policy(policy))
