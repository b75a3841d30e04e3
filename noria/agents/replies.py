"""What a seat owes, read from its recorded turn: a typed value, or the error that there is none."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from noria.errors import ReplyError
from noria.types import Turn

Reply = TypeVar("Reply", bound=BaseModel)


def read(kind: type[Reply], turn: Turn) -> Reply:
    """The first reply of a turn as a typed value.

    Raises:
        ReplyError: it is empty, was cut, or is not what the role owes.
    """
    text = turn.replies[0] if turn.replies else ""
    try:
        return kind.model_validate_json(text)
    except ValidationError as fault:
        why = f"cut at {turn.usage.completion_tokens} tokens" if turn.finish[:1] == ("length",) else ""
        first = fault.errors(include_url=False)[0]
        raise ReplyError(f"the {turn.key.role}'s reply cannot be read: {why or first['msg']}") from fault
