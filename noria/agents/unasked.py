"""A policy speaks in the user's place: nothing is asked of it but its own chat template's opening.

No words of ours are sent, so there is no prompt to render; what came is recorded as a turn all the same, in
the place of the question that it stands for, so that a resumed round finds it. Where the endpoint cannot
there is no turn, and the question is asked.
"""

from noria.agents.base import Agent, Ask
from noria.failpoints import at
from noria.identity import digest
from noria.inference.client import Request, Speaker
from noria.types import Turn, TurnKey

UNASKED = "unasked@"
"""How the template of such a turn is named; the rest is a hash of who was to speak."""


def alone(turn: Turn) -> bool:
    """Whether the policy said it unasked."""
    return turn.template.startswith(UNASKED)


async def spoken(agent: Agent, episode: str, ask: Ask) -> Turn | None:
    """The turn of a policy that spoke unasked: found finished, or made and recorded now; none where it was asked.

    Raises:
        EndpointError: the endpoint cannot answer.
    """
    desk, key = agent.desk, TurnKey(episode=episode, role=agent.role, draft=1, attempt=1)
    if (found := desk.history.turn(key)) is not None:
        return found
    if not isinstance(desk.client, Speaker):
        return None
    started, served_as = desk.clock(), desk.served_as(agent.policy)
    at("call.begun", key)
    request = Request(
        role=agent.role, model=served_as, messages=(), max_tokens=ask.max_tokens, temperature=ask.temperature,
        policy=agent.policy, traceparent=desk.traced(key),
    )  # fmt: skip
    completion = await desk.client.unasked(request)
    if completion is None:
        return None
    at("turn.paid")
    turn = Turn(
        key=key, policy=agent.policy, served_as=served_as, template=f"{UNASKED}{digest(agent.policy)[:12]}",
        messages=(), replies=completion.replies, finish=completion.finish, usage=completion.usage, started=started,
        seconds=completion.seconds,
    )  # fmt: skip
    await desk.history.keep_turn(turn)
    at("turn.kept")
    return turn
