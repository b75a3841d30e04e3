"""Where the session graph goes next: each function reads the state and names a node."""

from typing import Literal

from langgraph.types import Send

from noria.graphs.session_state import Action, Hand, State


def hands(state: State) -> list[Send] | Literal["curate"]:
    """A hand for what still plays and for each episode of the batch, or on to curate when none is left."""
    if not state["episodes"]:
        return "curate"
    step, last = state["batch"], state["batch"] + 1 >= state["batches"]
    sent = state.get("behind", {}) | dict.fromkeys(state["episodes"], step)
    return [
        Send("play", Hand(round=state["round"], batch=own, episode=one, step=step, many=len(sent), last=last))
        for one, own in sent.items()
    ]


def trained(state: State) -> Literal["examine", "keep_out"]:
    """Whether there is a student to examine."""
    return "examine" if state["student"] else "keep_out"


def passed(state: State) -> Literal["promote", "keep_out"]:
    """What the exam decided."""
    return "promote" if state["promoted"] else "keep_out"


def turning(state: State) -> Action:
    """What the guard asks for before the wheel turns on, if it does."""
    return state["action"]
