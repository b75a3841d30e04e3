"""The attack by program: four counts, each with evidence that a program can check.

    ambiguity   another answer that the wording also asks for, and the verifier refuses
    leak        what stands in the wording, beyond the program's own wordings, and is accepted
    shortcut    a response that does not do the task, and is accepted
    forgery     a response that talks to judge or harness: the candidate's own, or one that is accepted

A shortcut or a forgery that is accepted is tried again on fresh tasks of the same skill,
where none of it can be the answer: if it passes on half of them, it beat the verifier, and
everything that rests on that verifier alone is in doubt. A probe that held only here is the
candidate's own fault, unless one answer alone is right: then it was that answer by luck.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Literal

from noria.evaluators import forgeries
from noria.evaluators.code import code_of
from noria.evaluators.domain import Domain
from noria.evaluators.phrasing import numbers, stands, words
from noria.evaluators.readings import Beside, others, own_wordings
from noria.evaluators.sandbox.runner import Runner
from noria.identity import stream
from noria.types import Grounding, Probe, Task

FRESH = 8
"""Tasks that a response is tried on again, once it was accepted where it should not have been."""

BEATEN = 0.5
"""Share of them it must pass to have beaten the verifier."""

DRAWS = 200
"""Draws for fresh tasks of one skill."""

SPANS = 400
"""Parts of a wording that are tried as answers, where many answers may be right."""

REFUTED = "refuted: "
"""How the evidence of a policy's answer begins that the verifier refused, so that it broke nothing and is wrong."""

LONG = "The work is shown here step by step, and every step follows from the one before it. " * 3
"""Words without an answer."""

EVERY = " ".join(map(str, range(-20, 800)))
"""The numbers that most answers are."""

Kind = Literal["ambiguity", "leak", "shortcut", "forgery"]


async def attack(
    domain: Domain, task: Task, response: str, runner: Runner, beside: Beside | None = None
) -> tuple[Probe, ...]:
    """Attack a candidate on every count; one probe each, and one more for the candidate's own response.

    What is drawn `beside` it may be handed in, to be asked again by who asks next.

    Raises:
        SandboxError: a program would have to be run and cannot be.
    """
    if domain.warrant == "judged":
        # Its checks are of form: that one accepts a response proves nothing against the task, nor against itself.
        return (spoken(domain, task, response),)
    own = own_wordings(domain, domain.point(task.parameters))
    return (
        await _ambiguity(domain, task, own, runner, beside or Beside(domain, task)),
        await _leak(domain, task, own, runner),
        await _passes(domain, task, "shortcut", shortcuts(domain, task.instruction), runner),
        await _passes(domain, task, "forgery", forged(domain, task), runner),
        spoken(domain, task, response),
    )


async def claimed(
    domain: Domain, task: Task, kind: Kind, answer: str, claim: str, runner: Runner, beside: Beside | None = None
) -> Probe:
    """What a program makes of an answer that a policy gave to break a candidate.

    An answer that is accepted breaks nothing by that: it may be right. It breaks the verifier
    if it passes unchanged on fresh tasks, and the candidate if the instruction's own words
    made it. One that is refused is an ambiguity where the wording says another task that it
    is right of.
    """

    def probe(said: Kind, held: bool, evidence: str, *, beat: bool = False) -> Probe:
        return Probe(kind=said, claim=claim, response=answer, by="policy", held=held, evidence=evidence, beat=beat)

    why = await refused(domain, task.grounding, answer, runner)
    if domain.warrant == "judged":
        return probe(kind, False, f"{REFUTED}{why}" if why else "no program knows whether it is right")
    if not why:
        share = await _again(domain, task, lambda _: answer, runner)
        if share >= BEATEN:
            return probe("shortcut", True, f"the verifier accepts it on {share:.0%} of fresh tasks too", beat=True)
        if not domain.single(task.grounding) and _heard(answer) <= _heard(task.instruction):
            return probe("leak", True, "the verifier accepts an answer made of the instruction's own words")
        return probe(kind, False, "the verifier accepts it, as it should")
    for other, says in (beside or Beside(domain, task)).upto(DRAWS):
        if says and not await refused(domain, domain.ground(other), answer, runner):
            return probe("ambiguity", True, f"the wording also says {other!r}, and that is right of it; here {why}")
    return probe(kind, False, f"{REFUTED}{why}")


async def refused(domain: Domain, grounding: Grounding, response: str, runner: Runner) -> str:
    """Why a verifier refuses a response; empty where it accepts it."""
    checks = await domain.check(grounding, response, runner)
    return next((check.evidence or check.name for check in checks if not check.passed), "" if checks else "no check")


async def _ambiguity(domain: Domain, task: Task, own: list[str], runner: Runner, beside: Beside) -> Probe:
    tried = 0
    for reading in others(domain, task, own, beside):
        tried += 1
        if why := await refused(domain, task.grounding, reading.answer, runner):
            evidence = f"it may be heard as {reading.says}, and {_cut(reading.answer)} is right then; here {why}"
            return _probe("ambiguity", "another answer is right too", evidence, reading.answer, held=True)
    return _probe("ambiguity", "another answer is right too", f"{tried} other readings, none with another answer")


async def _leak(domain: Domain, task: Task, own: list[str], runner: Runner) -> Probe:
    claim, grounding = "the answer stands in the wording", task.grounding
    if leak := domain.leaks(grounding, task.instruction):
        return _probe("leak", claim, f"the instruction gives {_cut(leak)} away", leak, held=True)
    truth = domain.truth(domain.point(task.parameters), stream("truth", task.id))
    if _often(truth, task.instruction) > max(_often(truth, text) for text in own):
        return _probe("leak", claim, f"the instruction gives {_cut(truth)} away", truth, held=True)
    if not domain.single(grounding):
        known = "\n".join(map(_flat, own))
        for span in spans(task.instruction, domain.executes):
            flat = _flat(span)
            if not (flat and stands(flat, known)) and not await refused(domain, grounding, span, runner):
                return _probe("leak", claim, f"{_cut(span)} stands in it, and is accepted", span, held=True)
    return _probe("leak", claim, "no answer stands in the instruction")


async def _passes(domain: Domain, task: Task, kind: Kind, tried: Mapping[str, str], runner: Runner) -> Probe:
    """The first of some responses that do not do the task and are accepted all the same."""
    for does, response in tried.items():
        if await refused(domain, task.grounding, response, runner):
            continue
        share = await _again(domain, task, partial(_made, domain, kind, does), runner)
        beat = share >= BEATEN
        if beat or (does in FROM_WORDING and not domain.single(task.grounding)):
            where = f"and on {share:.0%} of fresh tasks" if beat else "here alone"
            evidence = f"what {does} is accepted, {where}"
            return _probe(kind, f"a response that {does}", evidence, response, held=True, beat=beat)
    return _probe(kind, f"responses that do not do the task: {', '.join(tried)}", f"{len(tried)} were refused")


FROM_WORDING = ("repeats the instruction", "is a soup of its words")
"""Shortcuts that are made of the wording, so that one that is accepted here alone is a fault of the candidate."""


def _made(domain: Domain, kind: Kind, does: str, task: Task) -> str:
    made = shortcuts(domain, task.instruction) if kind == "shortcut" else forged(domain, task)
    return made.get(does, "")


def shortcuts(domain: Domain, instruction: str) -> dict[str, str]:
    """Responses that do not do a task, by what they do instead; the dear ones are left out where programs are run."""
    own = {"says nothing": "", "repeats the instruction": instruction, **domain.shortcuts(instruction)}
    if domain.executes:
        return {**own, "is a number": "0"}
    # Where the answer is to be found in what is read, to give its only number is to do the task.
    copied = (
        {} if domain.reads else {"gives the numbers of the instruction": ", ".join(map(_plain, numbers(instruction)))}
    )
    return {
        **own,
        "is one digit": "1",
        "is one number": "50",
        "is a letter": "a",
        "is a comma": ",",
        "is no number": "NaN",
        "gives up": "I do not know.",
        **copied,
        "gives every number": EVERY,
        "is long": LONG,
    }


def _plain(number: float) -> str:
    return f"{number:g}"


def forged(domain: Domain, task: Task) -> dict[str, str]:
    """Responses that speak to the judge or the harness, by what they do."""
    # Where a program is asked for, the grounding holds what it is tried on.
    asked = domain.executes and not task.grounding.facts.keys().isdisjoint({"cases", "examples"})
    programs = forgeries.FORGING if asked else {}
    return {**forgeries.FORGED, **programs}


def spoken(domain: Domain, task: Task, response: str) -> Probe:
    """Whether a candidate's own response talks to the judge or the harness."""
    program = code_of(response) if domain.executes and "def " in response else ""
    found = forgeries.spoken(task.instruction, response, program=program)
    if found is None:
        return _probe("forgery", "its response talks to the judge", "it talks to nobody")
    what, said = found
    return _probe("forgery", "its response talks to the judge", f"the response {what}: {_cut(said)}", said, held=True)


async def _again(domain: Domain, task: Task, respond: Callable[[Task], str], runner: Runner) -> float:
    """On what share of fresh tasks of the same skill a response of the same making is accepted."""
    fresh = list(_fresh(domain, task))
    passed = 0
    for at, one in enumerate(fresh):
        passed += not await refused(domain, one.grounding, respond(one), runner)
        if passed + len(fresh) - at - 1 < BEATEN * len(fresh):
            break
    return passed / len(fresh) if fresh else 0.0


def _fresh(domain: Domain, task: Task) -> Iterator[Task]:
    rng, found = stream("fresh", domain.name, task.level, task.skill), 0
    level = task.level if task.level in domain.levels else domain.levels[0]
    for _ in range(DRAWS):
        point = domain.sample(level, rng)
        parameters = point.model_dump(mode="json")
        grounding = domain.ground(point) if parameters.get("skill") == task.skill else None
        # A task with the same answer tells nothing of what was accepted here.
        if grounding is not None and grounding.facts != task.grounding.facts and not _alike(grounding, task.grounding):
            said = domain.phrase(point, rng)
            yield task.model_copy(update={"parameters": parameters, "instruction": said, "grounding": grounding})
            found += 1
            if found == FRESH:
                return


def _alike(one: Grounding, other: Grounding) -> bool:
    return "answer" in one.facts and one.facts["answer"] == other.facts.get("answer")


def spans(instruction: str, programs: bool) -> list[str]:
    """Parts of a wording that could be an answer: what stands in quotes, brackets or paragraphs, and their ends."""
    if programs:
        found = re.findall(r"```(?:python)?\n(.*?)```|((?:f = )?lambda \w+:.*)", instruction, re.DOTALL)
        return [one or other for one, other in found][:4]
    blocks = [instruction, *instruction.split("\n\n"), *re.findall(r"\((.*)\)|\"(.*)\"", instruction, re.DOTALL)]
    flat = [part for block in blocks for part in (block if isinstance(block, tuple) else (block,)) if part]
    ends = [block[match.start() :] for block in flat for match in re.finditer(r"(?<!\S)\S|(?<=[=:(\"'])\S", block)]
    heads = [part for block in flat for part in re.split(r"(?<=[.!?])\s", block)]
    both = [one for end in (*ends, *heads) for one in (end.strip(), end.strip().rstrip(".)\"'").strip())]
    return list(dict.fromkeys(one for one in both if one))[:SPANS]


_BEFORE, _BEHIND = re.compile(r"[\w.-]"), re.compile(r"[\w-]|\.\d")


def _often(answer: str, text: str) -> int:
    """How often an answer stands in a text by itself: no part of a word, of a number or of a negative one."""
    plain, wanted = _flat(text), _flat(answer)
    at, count = plain.find(wanted) if wanted else -1, 0
    while at >= 0:
        end = at + len(wanted)
        alone = not (_BEFORE.search(plain, max(0, at - 1), at) or _BEHIND.match(plain, end))
        count += alone
        at = plain.find(wanted, end if alone else at + 1)
    return count


def _flat(text: str) -> str:
    return " ".join(text.lower().split()).strip(" .,:;!?\"'`")


def _heard(text: str) -> set[str]:
    return {*words(text), *re.findall(r"\d+", text)}


def _cut(text: str) -> str:
    return repr(text if len(text) <= 120 else f"{text[:117]}…")


def _probe(
    kind: Kind, claim: str, evidence: str, response: str = "", *, held: bool = False, beat: bool = False
) -> Probe:
    return Probe(kind=kind, claim=claim, response=response, by="program", held=held, evidence=evidence, beat=beat)
