"""What an endpoint says of a text that it was given to score, or to go on with.

    body ─► JSON ─► the logprobs of the prompt's own tokens ─► Scored, or none where it passed over them
                 └► the first text                          ─► Completion

`prompt_logprobs` is vLLM's own word: a completion has them beside its text, a chat beside its choices.
"""

import json
from typing import Any

from pydantic import BaseModel

from noria.inference.client import Completion, Scored
from noria.inference.reply import Spent, Text


class _Choice(BaseModel):
    text: Text | None = None
    finish_reason: Text | None = None
    prompt_logprobs: Any = None


class _Body(BaseModel):
    choices: list[_Choice]
    usage: Spent | None = None
    prompt_logprobs: Any = None


def scored(body: bytes, seconds: float) -> Scored | None:
    """What was read, by its prompt logprobs; none where the endpoint passed over what it was asked for.

    Raises:
        ValueError: it is no completion.
    """
    said = _read(body)
    told = said.prompt_logprobs or (said.choices[0].prompt_logprobs if said.choices else None)
    try:
        # The first token has nothing before it; of the rest vLLM names the text's own first.
        logprobs = [float(next(iter(token.values()))["logprob"]) for token in told or () if token]
    except (TypeError, KeyError, ValueError, AttributeError, StopIteration):
        return None
    return Scored(-sum(logprobs), len(logprobs), (said.usage or Spent()).usage(), seconds) if logprobs else None


def gone_on(body: bytes, seconds: float) -> Completion:
    """The text that a prompt was gone on with.

    Raises:
        ValueError: it is no completion, or one without a text.
    """
    said = _read(body)
    if not said.choices or (text := said.choices[0].text) is None:
        raise ValueError("the body is no completion: it has no text")
    return Completion((text,), (str(said.choices[0].finish_reason),), (said.usage or Spent()).usage(), seconds)


def _read(body: bytes) -> _Body:
    try:
        # Python's own reader: a model may say a half of a character, which the quicker ones refuse.
        return _Body.model_validate(json.loads(body))
    except RecursionError as fault:
        raise ValueError("the body is nested too deep") from fault
