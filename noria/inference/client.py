"""The one way a policy is called, whoever answers.

    agent ─► Request ─► Client.complete ─► Completion

A request is plain data: it names its policy, and the name that one is served under. The endpoint
pool, the scripted client and anything a user writes keep this protocol, so an agent never
knows whether a vLLM, a cloud endpoint or a script answered.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from noria.inference.replicas import Replicas
from noria.types import Message, Role, Usage


@dataclass(frozen=True, slots=True)
class Request:
    """One model call before it is made."""

    role: Role
    model: str
    """Served name of the policy."""
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    n: int = 1
    """How many replies to sample from the one prompt."""
    schema: dict[str, Any] | None = None
    """JSON schema the reply must follow."""
    choices: tuple[str, ...] = ()
    """The words the reply must be one of; logprobs come back for them."""
    stop: tuple[str, ...] = ()
    policy: str = ""
    """Id of the policy that is asked; the pool routes by it, for two endpoints may serve one name."""
    traceparent: str = ""
    """The call's W3C trace context, for an endpoint that traces itself; empty where nobody traces."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back."""

    replies: tuple[str, ...]
    finish: tuple[str, ...]
    usage: Usage
    seconds: float
    """Wall time, retries included, waiting for a place excluded."""
    logprobs: dict[str, float] = field(default_factory=dict)
    """Logprob of each of the request's choices, by its first token; empty where not given."""


class Client(Protocol):
    """Answers requests for the policies it serves."""

    async def complete(self, request: Request) -> Completion:
        """Answer one request.

        A reply is data whatever it says; only an endpoint that cannot answer at all raises.

        Raises:
            EndpointError: no answer within the deadline, or a refusal that retrying will not mend.
        """
        ...

    async def close(self) -> None:
        """Give back connections; further calls are errors."""
        ...


@dataclass(frozen=True, slots=True)
class Scored:
    """How a policy reads a text: it is shown the text, and says how likely each token was."""

    nats: float
    """Negative logprob of the whole text, its first token aside."""
    tokens: int
    """Tokens that were scored."""
    usage: Usage
    seconds: float


@runtime_checkable
class Reader(Protocol):
    """A client that can also score a text; not every endpoint can."""

    async def score(self, model: str, text: str, policy: str = "") -> Scored | None:
        """Score a text by the policy served as `model`; none where the endpoint lacks it.

        Raises:
            EndpointError: no answer within the deadline.
        """
        ...


@runtime_checkable
class ChatReader(Protocol):
    """A client that can also score a chat as the model's own template writes it; not every endpoint can."""

    async def score_chat(self, model: str, messages: tuple[Message, ...], policy: str = "") -> Scored | None:
        """Score a chat by the policy served as `model`; none where the endpoint lacks it.

        A chat that ends with the assistant's line is read as far as that line goes, without the mark
        that closes it; any other as far as where the assistant would begin. So what a policy gives an
        answer is the score of the chat with it less the score of the chat before it.

        Raises:
            EndpointError: no answer within the deadline.
        """
        ...


@runtime_checkable
class Speaker(Protocol):
    """A client that can also have a policy speak in the user's place; not every endpoint can."""

    async def unasked(self, request: Request) -> Completion | None:
        """What the policy says first, shown its chat template up to the user's words and nothing else.

        The request's messages are not sent; none where the endpoint lacks what it takes.

        Raises:
            EndpointError: no answer within the deadline.
        """
        ...


@runtime_checkable
class Replicated(Protocol):
    """A client of servers that can be looked at; a script has none."""

    @property
    def replicas(self) -> Replicas:
        """The servers that answer."""
        ...
