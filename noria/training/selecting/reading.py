"""What a policy makes of samples: the loss of the response, seen one way or another.

    given     the response after its prompt              alone       after the same prompt, its instruction taken out
    reworded  after another wording of the instruction   instruction the instruction itself, as bare text

    views ─► kept in the ledger before? ─► that
               └ no ─► by the server that serves the policy, or by its weights ─► kept

A loss is in nats a token of the response and of nothing else: both sides of a comparison count
the very same tokens. The first token of bare text has nothing before it and is not counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from noria.agents.likelihood import Text, read
from noria.config.methods.dynamic import By, Who
from noria.memory.selections import keep_scores, scores
from noria.training.reading_job import Passage
from noria.training.selecting.apart import apart
from noria.training.selecting.selector import Selected, Tools
from noria.types import Message, Policy, Sample

View = tuple[str, str]
"""Name of the view and id of the sample."""

PRETENDED = "the policies of a dry run have no weights to find a response likely by"
NOBODY = "no seat is held by a policy of the session's own"
UNREAD = "the server of {policy} gives no logprobs of a chat; `by: weights` reads by its weights"

LOSS, BY_WEIGHTS = "loss", "loss by weights"
"""What the ledger keeps a view's loss under, the view's name after it."""

ROOM = 1_000_000
"""Tokens that are read by weights where the method sets no bound of its own."""


@dataclass
class Losses:
    """What was found."""

    nats: dict[View, float] = field(default_factory=dict)
    """Nats a token, of each view that could be read."""
    tokens: int = 0
    """Tokens that a subprocess read now; a server's are counted by its turns."""
    why: str = ""
    """Why nothing could be read; empty where something was."""


def given(sample: Sample) -> Passage:
    """The response after its prompt."""
    return _passage(sample, "given", sample.messages[:-1])


def alone(sample: Sample) -> Passage:
    """The response after its prompt without what the user says."""
    return _passage(sample, "alone", emptied(sample.messages[:-1]))


def reworded(sample: Sample, number: int, instruction: str) -> Passage:
    """The response after another wording of the user's last line."""
    *before, asked = sample.messages[:-1]
    prompt = (*before, asked.model_copy(update={"content": instruction}))
    return _passage(sample, f"reworded-{number}", prompt)


def instruction(sample: Sample) -> Passage:
    """The user's last line, as bare text."""
    return Passage(key=f"instruction/{sample.id}", answer=sample.messages[-2].content)


def emptied(prompt: Sequence[Message]) -> tuple[Message, ...]:
    """A prompt whose user says nothing; what the system says stays."""
    return tuple(one.model_copy(update={"content": ""}) if one.role == "user" else one for one in prompt)


def _passage(sample: Sample, view: str, prompt: Sequence[Message]) -> Passage:
    return Passage(key=f"{view}/{sample.id}", prompt=tuple(prompt), answer=sample.messages[-1].content)


def whose(tools: Tools, who: Who) -> tuple[Policy | None, str]:
    """The policy whose reading counts, or why there is none."""
    if tools.pretends:
        return None, PRETENDED
    policy = tools.history.policy(tools.base if who == "base" else tools.student)
    return policy, "" if policy else NOBODY


async def losses(tools: Tools, policy: Policy, by: By, passages: Sequence[Passage]) -> Losses:
    """The loss of each passage's answer under a policy.

    Raises:
        EndpointError: the policy's server cannot answer.
        RunError: the reading by weights failed.
    """
    # What the two say differs by a rounding, so neither is taken for the other.
    name = {"server": LOSS, "weights": BY_WEIGHTS}[by]
    found = Losses(kept(tools, name, policy.id, passages))
    missing = [one for one in passages if _view(one) not in found.nats]
    if not missing:
        return found
    if by == "weights":
        readings = await apart(tools, "losses", [policy], missing, max_tokens=ROOM)
        read_now, found.tokens = readings.losses[policy.id], readings.tokens
    else:
        served = await _served(tools, policy, missing)
        if served is None:
            return Losses(why=UNREAD.format(policy=policy.name))
        read_now = served
    found.nats |= await keep(tools, name, policy.id, read_now)
    return found


def kept(tools: Tools, name: str, policy: str, passages: Sequence[Passage]) -> dict[View, float]:
    """What the ledger knows of passages under a policy, by the name that it was kept under."""
    ids = dict[str, list[str]]()
    for view, sample in map(_view, passages):
        ids.setdefault(view, []).append(sample)
    return {
        (view, sample): value
        for view, some in ids.items()
        for sample, value in scores(tools.history, f"{name}/{view}", policy, some).items()
    }


async def keep(tools: Tools, name: str, policy: str, read_now: Mapping[str, tuple[float, int]]) -> dict[View, float]:
    """Write what was read into the ledger; nats a token of each view."""
    by_view = dict[str, dict[str, float]]()
    for key, (nats, tokens) in read_now.items():
        view, _, sample = key.partition("/")
        if tokens > 0:
            # Bfloat16 may find a sure token a hair likelier than certain.
            by_view.setdefault(view, {})[sample] = max(0.0, nats / tokens)
    for view, values in by_view.items():
        await keep_scores(tools.history, tools.number, f"{name}/{view}", policy, values)
    return {(view, sample): value for view, values in by_view.items() for sample, value in values.items()}


async def _served(tools: Tools, policy: Policy, passages: Sequence[Passage]) -> dict[str, tuple[float, int]] | None:
    """Nats and tokens of each answer, by the policy's server; none where it gives no logprobs.

    An answer whose chat is too long for the server is not among them.
    """
    await tools.bring_up(policy.id)
    texts = dict.fromkeys(text for one in passages for text in _texts(one))
    read_now = await read(tools.desk, policy.id, f"reading-r{tools.number:04}", texts)
    if read_now is None:
        return None
    found = {}
    for one in passages:
        if not all(text in read_now for text in _texts(one)):
            continue
        (nats, tokens), *before = (read_now[text] for text in _texts(one))
        found[one.key] = (nats - before[0][0], tokens - before[0][1]) if before else (nats, tokens)
    return found


def _texts(one: Passage) -> tuple[Text, ...]:
    """The texts whose difference is the answer."""
    if not one.prompt:
        return (one.answer,)
    return ((*one.prompt, Message(role="assistant", content=one.answer)), one.prompt)


def _view(one: Passage) -> View:
    view, _, sample = one.key.partition("/")
    return view, sample


def skipped(why: str) -> Selected:
    """A method that could not be applied."""
    return Selected({}, skipped=why)
