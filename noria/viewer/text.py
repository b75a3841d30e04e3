"""An episode as text: a conversation of seats, with what was checked between the lines.

What a model wrote is data. Control characters, which a terminal would obey, are shown as
escapes.
"""

import re
from collections.abc import Iterator, Mapping

from noria.types import Episode, Quarantine, Turn

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """A text no terminal obeys."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def episode_lines(
    episode: Episode | None, turns: list[Turn], names: dict[str, str], beaten: Mapping[str, Quarantine] | None = None
) -> Iterator[str]:
    """The lines that tell an episode; `names` are the policies' names by id, `beaten` the quarantined verifiers."""
    if episode is not None:
        yield f"{episode.id}: {episode.domain} level {episode.level}, round {episode.round}, place {episode.position}"
        yield f"{episode.outcome}: {episode.reason.value} ({printable(episode.evidence)})"
        yield f"last stage: {episode.stage.value}" + (f"; sample {episode.sample}" if episode.sample else "")
        for verifier in sorted({task.grounding.verifier for task in episode.drafts}.intersection(beaten or {})):
            yield f"{verifier} is quarantined: {printable((beaten or {})[verifier].why)}"
    else:
        yield f"{turns[0].key.episode}: not ended"
    for turn in turns:
        name = names.get(turn.policy, turn.policy)
        yield ""
        tokens = f"{turn.usage.prompt_tokens}+{turn.usage.completion_tokens} tokens"
        seat = f"{turn.key.role} · {name} · draft {turn.key.draft}"
        yield f"{seat} · {turn.template} · {turn.seconds:.2f} s · {tokens}"
        for message in turn.messages:
            yield from _block(f"  {message.role}", message.content)
        for reply in turn.replies:
            yield from _block("  reply", reply)
        if turn.logprobs:
            yield "  logprobs: " + ", ".join(f"{choice} {value:.2f}" for choice, value in turn.logprobs.items())
    if episode is None:
        return
    yield ""
    for check in episode.checks:
        yield f"check {check.name}: {'passed' if check.passed else 'failed'} ({printable(check.evidence)})"
    for task in episode.drafts:
        yield f"draft {task.draft}, worded by the {task.worded_by}: {printable(task.instruction)}"
    for attempt in episode.attempts:
        by = names.get(attempt.policy, attempt.policy)
        marks = "; ".join(f"{check.name}: {printable(check.evidence)}" for check in attempt.checks)
        found = "passed" if attempt.passed else "failed"
        yield f"attempt by {by} ({attempt.source}) {found}: {printable(attempt.response)!r} [{marks}]"
    for critique in episode.critiques:
        wish = "asks for another draft" if critique.revise else "asks for nothing"
        yield f"critique: {', '.join(critique.faults) or 'no faults'}; {wish}; {printable(critique.advice)!r}" + (
            f"; advice withheld: it {critique.withheld}" if critique.withheld else ""
        )
    for at, attack in enumerate(episode.attacks):
        for probe in attack.probes:
            found = "HELD" if probe.held else "failed"
            if probe.held and probe.beat and at < len(episode.drafts):
                found = f"BEAT {episode.drafts[at].grounding.verifier}"
            said = printable(probe.response)[:80]
            yield f"probe ({probe.kind}, by {probe.by}) {found}: {said!r} [{printable(probe.evidence)}]" + (
                f"; withheld: it {probe.withheld}" if probe.withheld else ""
            )
    for verdict in episode.verdicts:
        power = "with a veto" if verdict.veto else "without a veto"
        yield f"verdict: {verdict.ruling} with confidence {verdict.confidence:.2f}, {power}"


def _block(head: str, text: str) -> Iterator[str]:
    lines = printable(text).split("\n")
    yield f"{head}: {lines[0]}"
    for line in lines[1:]:
        yield " " * (len(head) + 2) + line
