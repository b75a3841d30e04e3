"""What an episode leaves behind: its record, and the rows an accepted candidate teaches."""

from collections.abc import Callable, Iterable
from typing import Any

from noria.evaluators.domain import Domain
from noria.evaluators.foreign import foreign
from noria.fence import drawn, settled
from noria.graphs.claims import shape
from noria.identity import canonical_json, sample_id, stream
from noria.types import PARAPHRASE, Episode, Message, Outcome, Provenance, Sample, Source, Stage, Task, Turn


def ended(state: dict[str, Any], outcome: Outcome, *, sample: str | None = None) -> Episode:
    """The episode as its state tells it."""
    dealt, decision = state["dealt"], state["decision"]
    return Episode(
        id=dealt.episode,
        round=dealt.round,
        position=dealt.position,
        domain=dealt.domain,
        level=dealt.level,
        outcome=outcome,
        reason=decision.reason,
        stage=Stage.ACCEPTED if outcome == "accepted" else state.get("stage", Stage.DEALT),
        evidence=decision.evidence,
        drafts=state.get("drafts", ()),
        attempts=(*state.get("attempts", ()), *([state["target"]] if _by_program(state) else [])),
        solve_rate=state.get("solve_rate"),
        critiques=state.get("critiques", ()),
        attacks=state.get("attacks", ()),
        verdicts=state.get("verdicts", ()),
        checks=state.get("checks", ()),
        sample=sample,
    )


def _by_program(state: dict[str, Any]) -> bool:
    return "target" in state and state["target"].source == "program"


def samples(
    state: dict[str, Any], domain: Domain, *, asked: tuple[Message, ...], proposed: Turn | None, proven: bool = True
) -> list[Sample]:
    """What an accepted candidate teaches: the solver's row, and the proposal for the generator's own role.

    `asked` is the prompt that the solver was sent, `proposed` the generator's turn, `proven` whether anybody asked
    that the answer be right; the mark of
    a fence is drawn again from the episode, so that a session played twice has the same rows.
    """
    dealt, draft, task, one = state["dealt"], state["draft"], state["task"], state["target"]
    story = Provenance(
        episode=dealt.episode,
        round=dealt.round,
        domain=task.domain,
        skill=task.skill,
        level=task.level,
        source=one.source,
        worded_by=task.worded_by,
        policy=one.policy,
        generator=proposed.policy if proposed else dealt.seats["generator"],
        seed=dealt.seed.id,
        templates=dealt.templates,
        verifier=task.grounding.verifier,
        task=task.id,
        attempt=one.id,
        signature=task.grounding.signature,
        free_text=domain.free_text(draft.point),
        shape=shape(draft.point, domain),
        solve_rate=state["solve_rate"],
        checks=tuple(check.name for check in (*state["checks"], *one.checks)),
        probes=sum(len(attack.probes) for attack in state["attacks"]),
        parents=((dealt.seed.id,) if dealt.seed.kind in ("row", "passage") else ()) + dealt.parents,
        critic=dealt.seats["critic"],
        adversary=dealt.seats["adversary"],
        judge=dealt.seats["judge"],
        neighbours=tuple(key for key, said in zip(dealt.shown, dealt.neighbours, strict=False) if not foreign(said)),
        warrant=domain.warrant if proven else "unverified",
        strategy=dealt.strategy,
        sandbox=next((check.sandbox for check in one.checks if check.sandbox), ""),
    )
    answer = _sample("solver", asked, one.response, story)
    wording = domain.wording(draft.point, task.instruction)
    proposal = canonical_json({**draft.point.proposed(), "instruction": wording})
    source: Source = "program" if task.worded_by == "program" else "pool"
    wrote = story.model_copy(update={"policy": story.generator, "source": source})
    mark = drawn(stream("mark", dealt.episode))
    fenced = tuple(
        one.model_copy(update={"content": settled(one.content, mark)})
        for one in (proposed.messages if proposed else ())
    )
    # What came unasked was an answer to no prompt, and teaches none.
    return [answer, *([_sample("generator", fenced, proposal, wrote)] if fenced else [])]


def variants(answer: Sample, tasks: Iterable[Task], ask: Callable[[str], tuple[Message, ...]]) -> list[Sample]:
    """The same response to the same task in other words, a row each that says whose variant it is.

    `ask` renders an instruction as the solver is asked it.
    """
    story = answer.provenance
    found = []
    for task in tasks:
        own = {"worded_by": task.worded_by, "strategy": PARAPHRASE, "parents": (answer.id, *story.parents)}
        told = story.model_copy(update=own)
        found.append(_sample("solver", ask(task.instruction), answer.messages[-1].content, told))
    return found


def _sample(role: Any, prompt: tuple[Message, ...], response: str, story: Provenance) -> Sample:
    messages = (*prompt, Message(role="assistant", content=response))
    return Sample(id=sample_id(role, messages), role=role, messages=messages, provenance=story)
