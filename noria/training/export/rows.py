"""An accepted episode as rows of a format: what a trainer reads, and where it comes from.

answer's chat ─► sft, prompt-completion, chatml          contrasts of the episode ─► preference, kto
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from noria.identity import canonical_json, content_id
from noria.training.export.cases import Case
from noria.training.export.choice import Format, ruling
from noria.training.export.contrast import labelled, pairs
from noria.types import Message, Sample

Row = dict[str, Any]

CONTROL = ("<|im_start|>", "<|im_end|>")
"""The control tokens of ChatML; a chat that holds one of them in its words cannot be rendered."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the session knows of a sample beside the sample."""

    split: str
    group: str
    names: dict[str, str]
    """Names of the policies by id."""
    quarantined: bool

    def name(self, policy: str) -> str:
        """What people call a policy; a program's own name stays."""
        return self.names.get(policy, policy)


def rows(form: Format, case: Case, sample: Sample, place: Place) -> Iterator[Row]:
    """The rows that a sample of an episode gives in a format."""
    story = _story(case, sample, place)
    *prompt, answer = sample.messages
    if form == "sft":
        yield {"messages": chat(*sample.messages), **story}
    elif form == "prompt-completion":
        yield {"prompt": chat(*prompt), "completion": chat(answer), **story}
    elif form == "chatml":
        yield {"text": chatml(sample.messages), "messages": chat(*sample.messages), **story}
    elif form == "preference":
        for pair in pairs(case, sample):
            said: Row = {
                "prompt": chat(*prompt),
                "chosen": chat(_answered(pair.chosen.text)),
                "rejected": chat(_answered(pair.rejected.text)),
            }
            yield {
                **said,
                **story,
                "id": content_id("pair", list(said.values())),
                "source": pair.chosen.source,
                "policy": place.name(pair.chosen.policy),
                "why_rejected": pair.why,
                "evidence": pair.evidence,
                "chosen_checks": canonical_json(pair.chosen.checks),
                "rejected_source": pair.rejected.source,
                "rejected_policy": place.name(pair.rejected.policy),
                "rejected_checks": canonical_json(pair.rejected.checks),
            }
    else:
        for one, right, evidence in labelled(case, sample):
            told: Row = {"prompt": chat(*prompt), "completion": chat(_answered(one.text)), "label": right}
            made = {"source": one.source, "policy": place.name(one.policy), "evidence": evidence}
            made |= {"id": content_id("labelled", list(told.values())), "completion_checks": canonical_json(one.checks)}
            yield {**told, **story, **made}


def chat(*messages: Message) -> list[dict[str, str]]:
    """Lines of a chat as a trainer reads them."""
    return [{"role": one.role, "content": one.content} for one in messages]


def chatml(messages: tuple[Message, ...]) -> str:
    """A chat with the control tokens of ChatML; empty where its words hold one of these."""
    if any(token in one.content for one in messages for token in CONTROL):
        return ""
    return "".join(f"<|im_start|>{one.role}\n{one.content}<|im_end|>\n" for one in messages)


def texts(row: Row) -> Iterator[str]:
    """Every text of a row that a trainer could learn, the prompt's too."""
    for name in ("messages", "prompt", "completion", "chosen", "rejected"):
        yield from (one["content"] for one in row.get(name, ()))


def _answered(text: str) -> Message:
    return Message(role="assistant", content=text)


def _story(case: Case, sample: Sample, place: Place) -> Row:
    one = sample.provenance
    return {
        "id": sample.id,
        "split": place.split,
        "group": place.group,
        "role": sample.role,
        "sample": sample.id,
        "episode": one.episode,
        "round": one.round,
        "domain": one.domain,
        "skill": one.skill,
        "level": one.level,
        "source": one.source,
        "policy": place.name(one.policy),
        "worded_by": one.worded_by,
        "generator": place.name(one.generator),
        "verifier": one.verifier,
        "warrant": one.warrant,
        "strategy": one.strategy,
        "checks": canonical_json(list(one.checks)),
        "solve_rate": one.solve_rate,
        "verdict": ruling(case.episode),
        "probes": one.probes,
        "quarantined": place.quarantined,
        "templates": canonical_json(one.templates),
        "provenance": canonical_json(one.model_dump(mode="json", exclude={"templates", "checks"})),
    }
