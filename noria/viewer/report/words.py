"""What a report says in sentences: what was asked, what came of it, and what to doubt.

A figure never stands without what it is a part of, and a gain never without its interval.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from noria.config import SessionConfig
from noria.types import Exam
from noria.viewer.rendering import seconds, share, tokens
from noria.viewer.story import many

Json = dict[str, Any]

SMALL = 100
"""Accepted samples of a round below which its guards hardly see anything."""

LAST = 3
"""Promotions that are told one by one."""


def lead(summary: Json, config: SessionConfig, names: Mapping[str, str], *, pretended: bool) -> list[str]:
    """The first paragraphs: what was asked, how far it came, what came of it."""
    dry = "It was a dry run: puppets played, nothing was trained, and no figure here says anything of a model."
    said = [_asked(config), dry if pretended else "", _state(summary), _accepted(summary), *_promoted(summary, names)]
    return [one for one in said if one]


def _asked(config: SessionConfig) -> str:
    levels = {name: f"level{'s' * (len(own) > 1)} {_span(own)}" for name, own in config.domains.items()}
    domains = _listed([f"{name.replace('_', ' ')} ({own})" for name, own in levels.items()])
    student = "the default student" if config.student == "default" else config.student.rstrip("/").rsplit("/", 1)[-1]
    return (
        f"This session was to play {many(config.stop.rounds, 'round')} of {many(config.play.episodes, 'episode')} in "
        f"{domains}, and to train {student} after each round on what was accepted."
    )


def _state(summary: Json) -> str:
    if not summary["rounds"]:
        return "It has not dealt its first round yet."
    last, why = summary["rounds"][-1], summary["finished"]
    if not why:
        return f"It has not finished: round {last['round']} has come as far as “{last['phase']}”."
    return "" if why.startswith("rounds:") else f"It ended by its stop rule, {why}."


def _accepted(summary: Json) -> str:
    dealt, kept, samples = summary["funnel"]["dealt"], summary["funnel"]["accepted"], summary["samples"]
    if not dealt:
        return ""
    if not kept:
        return f"Of {many(dealt, 'episode')} none was accepted, so there is nothing to learn from."
    own = sum(count for source, count in samples["by_source"].items() if source != "program")
    program = samples["by_source"].get("program", 0)
    return (
        f"Of {many(dealt, 'episode')} {kept} {'was' if kept == 1 else 'were'} accepted ({share(kept / dealt)}): "
        f"{own} with an answer that a policy gave, {program} with the program's own."
    )


def _promoted(summary: Json, names: Mapping[str, str]) -> list[str]:
    exams = [Exam.model_validate(one) for one in summary["exams"]]
    if not exams:
        return ["No exam was held, so nothing is known of what was learned."] if summary["rounds"] else []
    won, sat = [one for one in exams if one.promoted], many(len(exams), "student")
    if not won:
        return [f"{sat} sat an exam and none was promoted. In the last, {_gain(exams[-1], names)}"]
    gone = {who for one in summary["moves"] for who in one["withdrawn"]}
    said = [f"{sat} sat an exam and {len(won)} {'was' if len(won) == 1 else 'were'} promoted."]
    for one in won[-LAST:]:
        later = ", and stepped back from later" if one.student in gone else ""
        who = names.get(one.student, one.student)
        said.append(f"{who} was promoted in round {one.round}{later}: {_gain(one, names)}")
    return said


def _gain(exam: Exam, names: Mapping[str, str]) -> str:
    sides = (exam.parent_right, exam.parent_interval), (exam.student_right, exam.student_interval)
    before, after = (f"{share(right / exam.items)} [{share(low)} to {share(high)}]" for right, (low, high) in sides)
    parent, student = names.get(exam.parent, exam.parent), names.get(exam.student, exam.student)
    return (
        f"on {exam.items} fresh items {parent} had {before} right and {student} {after} (95 % intervals); "
        f"{exam.wins} won, {exam.losses} lost, p = {exam.p_value:.2g} where less than {exam.alpha:.2g} was needed."
    )


def tiles(summary: Json, exams: Sequence[Exam], spent: int, took: float) -> list[tuple[str, str, str]]:
    """The few figures at the top: a name, the figure, and what it is a part of."""
    dealt, kept = summary["funnel"]["dealt"], summary["funnel"]["accepted"]
    found = [("accepted", str(kept), f"of {many(dealt, 'episode')}")]
    if exams:
        last = exams[-1]
        before, after = share(last.parent_right / last.items), share(last.student_right / last.items)
        found.append(("last exam", f"{before} → {after}", "promoted" if last.promoted else "kept out"))
    found.append(("promoted", str(sum(one.promoted for one in exams)), f"of {len(exams)} examined"))
    found.append(("tokens", tokens(spent), f"{tokens(spent / kept)} a sample" if kept else "prompts and replies"))
    found.append(("time", seconds(took), f"{seconds(took / kept)} a sample" if kept else "of all stages"))
    return found


def doubts(summary: Json, exams: Sequence[Exam], *, pretended: bool) -> list[str]:
    """What a careful reader holds against the figures, as far as the session knows it."""
    rounds, samples = summary["rounds"], summary["samples"]
    found = ["Puppets played: the figures show that the parts fit together, and nothing else."] if pretended else []
    if not summary["finished"]:
        found.append("The session has not finished; every figure may still change.")
    if taught := samples["by_source"].get("program", 0):
        part = f"{taught} of {samples['accepted']} samples ({share(taught / samples['accepted'])})"
        found.append(f"{part} teach the program's own answer: what the domains know, not what a policy can do.")
    if benched := [one for one in rounds if one["judge"] and not one["judge"].get("veto")]:
        where = _rounds([one["round"] for one in benched])
        why = benched[-1]["judge"].get("benched") or "it was not tested"
        found.append(f"The judge was benched in {where} and could refuse nothing there: {why}.")
    if small := [one["round"] for one in rounds if 0 < one["funnel"]["accepted"] < SMALL]:
        found.append(f"Fewer than {SMALL} samples were accepted in {_rounds(small)}: guards see little in so few.")
    for one in summary["quarantine"]:
        rest = f"{many(one['samples'], 'sample')} that rest on it alone"
        found.append(f"{one['verifier']} is quarantined since round {one['round']}, with {rest}.")
    cards = [card for one in rounds for card in one["verifiers"] if not card["admits"]]
    if failed := sorted({f"{card['verifier']} level {card['level']}" for card in cards}):
        found.append(
            f"Verifiers that failed their own test in a round, and admitted nothing there: {', '.join(failed)}."
        )
    found += _exam_doubts(exams)
    if waiting := summary["on_probation"]:
        found.append(
            f"{waiting['policy']} is on probation still, examined once, in round {waiting['since']}; the gain of "
            "one that was chosen for its gain mostly shrinks when it is examined again."
        )
    for one in rounds:
        if fired := one["guards"].get("fired"):
            found.append(f"In round {one['round']} guards fired: {', '.join(fired)} ({one['guards']['why']}).")
    if samples["withdrawn"]:
        found.append(f"A purge withdrew {many(samples['withdrawn'], 'sample')}.")
    return found + [f"Left out: {one}" for one in summary["left_out"]]


def _exam_doubts(exams: Sequence[Exam]) -> list[str]:
    if not exams:
        return []
    last, found = exams[-1], list[str]()
    if last.power:
        sees = f"of less than {share(last.power.detectable)}" if last.power.detectable < 1 else "of any size"
        found.append(f"The last exam asked {last.items} items: a true gain {sees} it would often have missed.")
    if unasked := [f"{one.name} in round {exam.round}" for exam in exams for one in exam.demands if not one.asked]:
        found.append(f"Not asked of the students: {', '.join(unasked)}.")
    if len(exams) > 1:
        found.append("Each exam asks other items: compare both sides of one exam, not the exams of two rounds.")
    return found


def _rounds(numbers: Sequence[int]) -> str:
    return f"round{'s' * (len(numbers) > 1)} {_span(numbers)}"


def _span(numbers: Sequence[int]) -> str:
    """Numbers in few letters: 1 to 4, or 1 and 3."""
    known = sorted(set(numbers))
    if len(known) > 2 and known[-1] - known[0] == len(known) - 1:
        return f"{known[0]} to {known[-1]}"
    return _listed([str(one) for one in known])


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
