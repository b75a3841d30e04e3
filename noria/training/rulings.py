"""What a judge is taught: rulings and preferences whose truth a program knows.

    accepted task ─┬─ an answer that passed every check ─► accept      ┌─ right first, wrong second ─► first
                   └─ one that failed, or a program's wrong one ─► reject └─ wrong first, right second ─► second

After *Self-Taught Evaluators* (Wang et al., arXiv 2408.02666): no person labels anything, for the order
of each pair is known beforehand. There a model writes the worse answer; here it failed a check, or a
program made it wrong. A row is the judge's own question, in its own template, and the very word that it
owes. Half of the rulings are accept and half reject, and each pair is asked in both orders, so that
neither word nor place is worth anything. The answers that are planted to fool judges
(`evaluators/planted.py`) are taught to nobody: they are for exams.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from noria.agents.base import Ask
from noria.agents.judge import UNSEEN, Judge
from noria.config.methods.preference import TrainedJudge
from noria.fence import drawn, settled
from noria.identity import stream
from noria.training.curate import Curated
from noria.training.export import contrast
from noria.training.export.cases import Case
from noria.training.pairing import Barred, admitted, cases
from noria.training.rows import Row
from noria.training.selecting.selector import Tools

SHOWN = 4
"""Of this many tasks one is ruled on with the checks' findings shown, as a dealt candidate is; the others unaided."""


@dataclass(frozen=True, slots=True)
class Known:
    """A task with an answer that is right and one that is wrong."""

    case: Case
    instruction: str
    right: contrast.Answer
    wrong: contrast.Answer


def rulings(tools: Tools, rules: TrainedJudge, barred: Barred) -> Curated:
    """What a judge is trained on: rows in a drawn order, fewer where there are fewer tasks."""
    preferred = round(rules.rows * rules.prefers / 2)
    ruled = (rules.rows - 2 * preferred) // 2
    known = list(_known(tools, barred, ruled + preferred))
    taught = [row for at, one in enumerate(known[:ruled]) for row in _ruled(tools, one, shown=at % SHOWN == SHOWN - 1)]
    # Where tasks are few, those that were ruled on are compared too.
    compared = (known[ruled:] + known)[:preferred] if known else []
    taught += [row for one in compared for row in _compared(tools, one)]
    stream(tools.name, "rulings", "order").shuffle(taught)
    composition = {"new": len(taught), **Counter(row.completion for row in taught)}
    return Curated(tuple(taught), composition, tuple(dict.fromkeys(row.sample for row in taught)), {}, {})


def _known(tools: Tools, barred: Barred, count: int) -> Iterator[Known]:
    """Tasks of this round and those before, in a drawn order, each with a right and a wrong answer."""
    ids = admitted(tools, barred)
    stream(tools.name, "rulings").shuffle(ids)
    found = 0
    for at in range(0, len(ids), count or 1):
        for case in cases(tools, ids[at : at + count]):
            if found < count and (one := _pair(tools, barred, case)) is not None:
                found += 1
                yield one
        if found >= count:
            return


def _pair(tools: Tools, barred: Barred, case: Case) -> Known | None:
    sample = case.answer
    assert sample is not None
    task = next((one for one in case.episode.drafts if one.id == sample.provenance.task), None)
    if task is None or task.domain not in tools.domains:
        return None
    rng, domain = stream(tools.name, "rulings", sample.id), tools.domains[task.domain].at(task.level)
    right = [one for one in contrast.right(case, sample) if one.policy not in barred.policies]
    wrong = [one for _, one in contrast.wrong(case, sample) if one.policy not in barred.policies]
    made = domain.wrong(domain.point(task.parameters), rng)
    wrong.append(contrast.Answer(made, "program", "", evidence="a program made it wrong"))
    told = {contrast.plain(one.text) for one in contrast.right(case, sample)}
    wrong = [one for one in wrong if contrast.plain(one.text) not in told]
    if not right or not wrong:
        return None
    return Known(case, task.instruction, rng.choice(right), rng.choice(wrong))


def _ruled(tools: Tools, one: Known, *, shown: bool) -> Sequence[Row]:
    """A right answer to accept and a wrong one to reject."""
    shown = shown and bool(one.right.checks) and bool(one.wrong.checks)

    def row(answer: contrast.Answer, word: str) -> Row:
        found = "; ".join(f"{check['name']}: {check['evidence']}" for check in answer.checks) if shown else UNSEEN
        return _row(tools, one, Judge.ruling(one.instruction, answer.text, found), word)

    return row(one.right, "accept"), row(one.wrong, "reject")


def _compared(tools: Tools, one: Known) -> Sequence[Row]:
    """A pair in both orders."""
    right, wrong = one.right.text, one.wrong.text
    return (
        _row(tools, one, Judge.preferring(one.instruction, right, wrong), "first"),
        _row(tools, one, Judge.preferring(one.instruction, wrong, right), "second"),
    )


def _row(tools: Tools, one: Known, ask: Ask, word: str) -> Row:
    """The question as it would be asked, and the word that is right; its mark is the task's own, for ever."""
    sample = one.case.answer
    assert sample is not None
    asked = tools.desk.sheet("").templates.render(ask.template, **ask.fields)
    mark = drawn(stream("mark", sample.id))
    prompt = tuple(said.model_copy(update={"content": settled(said.content, mark)}) for said in asked)
    return Row(prompt=prompt, completion=word, source=sample.provenance.source, sample=sample.id)
