"""How likely a policy finds texts that it did not write: an answer after its prompt, or bare text.

    chat with the answer ─► nats ─┐
    chat before it ───────► nats ─┴► difference: the answer's own tokens, no mark of the template

Nothing is said in reply, so there is no prompt to render: the server writes a chat with the
model's own template. What was read is recorded as a turn, under a place of its own
(`reading-r0002`) and with the hash of the text where a template's stands, and never paid for
twice: methods that read the same chat by the same policy share its turn.
"""

import asyncio
from collections.abc import Collection

from noria.agents.base import Desk
from noria.agents.reading import NATS, TOKENS, scored
from noria.identity import content_id
from noria.inference.client import ChatReader, Reader, Scored
from noria.types import Message, TurnKey

Text = str | tuple[Message, ...]
"""Bare text, or a chat: one that ends with the assistant's line is read up to its end."""

Read = tuple[float, int]
"""Nats and tokens of a text, its first token aside."""


async def read(desk: Desk, policy: str, place: str, texts: Collection[Text]) -> dict[Text, Read] | None:
    """Have a policy read each text once; none where its endpoint gives no logprobs of a prompt.

    A text that the endpoint refuses, being too long for it, is not among those found.

    Raises:
        EndpointError: the endpoint cannot answer.
    """
    # One is asked first, so that an endpoint that lacks it is not asked a thousand times: the shortest, which
    # nobody refuses for its length.
    first, *rest = sorted(dict.fromkeys(texts), key=_size)
    if (found := await _read(desk, policy, place, first)) is None:
        return None
    others = await asyncio.gather(*(_read(desk, policy, place, one) for one in rest))
    known = dict(zip(rest, others, strict=True)) | {first: found}
    return {text: one for text, one in known.items() if one is not None}


def _size(text: Text) -> int:
    return len(text) if isinstance(text, str) else sum(len(one.content) for one in text)


async def _read(desk: Desk, policy: str, place: str, text: Text) -> Read | None:
    said = text if isinstance(text, str) else [one.model_dump() for one in text]
    shown = content_id("text", said)
    question = content_id("question", [policy, shown])
    key = TurnKey(episode=place, role="solver", draft=1, attempt=1, question=question)
    turn = await scored(
        desk, key, policy, f"text@{shown.removeprefix('text-')}", lambda name: _scored(desk, name, text, policy)
    )
    return None if turn is None else (turn.logprobs[NATS], int(turn.logprobs[TOKENS]))


async def _scored(desk: Desk, served_as: str, text: Text, policy: str) -> Scored | None:
    client = desk.client
    if isinstance(text, str):
        return await client.score(served_as, text, policy) if isinstance(client, Reader) else None
    return await client.score_chat(served_as, text, policy) if isinstance(client, ChatReader) else None
