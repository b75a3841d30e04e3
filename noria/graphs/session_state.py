"""What the session graph carries between its nodes: numbers and ids, never the story."""

from typing import Any, Literal

from typing_extensions import TypedDict

Action = Literal["on", "cool_down", "step_back", "stop"]
"""What follows after a round."""


class State(TypedDict, total=False):
    """The note beside a field names the node that writes it."""

    round: int  # guard
    batch: int  # plan, settle
    batches: int  # plan
    episodes: list[str]  # plan, settle
    behind: dict[str, int]  # plan, settle: what still plays of earlier batches, each with its batch
    student: str  # train: id of the trained policy, empty where none was trained
    promoted: bool  # examine, promote
    action: Action  # guard
    stop: str  # guard: why the session ends


class Hand(TypedDict):
    """What one episode is sent."""

    round: int
    batch: int
    episode: str
    step: int
    """The batch it is sent with: a later one than its own where it still plays."""
    many: int
    """Hands that are sent with it, itself included."""
    last: bool
    """Whether no batch follows in this round."""


Update = dict[str, Any]
"""What a node changes of it."""
