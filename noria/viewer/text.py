"""An episode as text: a conversation of seats, with what was checked between the lines.

What a model wrote is data. What a terminal or a browser would obey, and what nobody would
see, is shown as an escape: control characters, those that turn the direction of others, and
those without width, among which a text can hide another. Joiners stay: some scripts need them.
So do marks over a letter, up to a handful; a pile of them, which covers what stands around it, is
shown one by one.
"""

import re
from collections.abc import Iterator, Mapping

from noria.types import Episode, Quarantine, Turn

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    r"\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILE = re.compile(f"(?<=[{_MARKS}]{{5}})[{_MARKS}]")


def printable(text: str) -> str:
    """A text that no terminal obeys and that hides nothing."""
    return _PILE.sub(_escaped, _CONTROL.sub(_escaped, text))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


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
