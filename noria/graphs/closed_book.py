"""A grounded question's answer without its passage: what is read is then also known.

    accepted question ─► points to its passage without seeing it? ─► question ─► answer, marked `closed_book`

A question may need its text to be understood ("what did she build?"). One that is to be answered
from memory must find its own passage again among all of the session (retrieval by meaning, the
consistency filter of Promptagator, Dai et al., 2022, arXiv 2209.11755).
"""

from noria.evaluators.domain import Parameters
from noria.graphs.context import Context
from noria.identity import sample_id
from noria.types import Dealt, Message, Sample, Task

STRATEGY = "closed_book"
"""What the provenance of such a row says."""

NEAREST = 3
"""Passages among which the question must find its own."""


def rows(context: Context, dealt: Dealt, task: Task, point: Parameters, answer: Sample) -> list[Sample]:
    """The row beside an accepted answer that teaches it from memory; none where none is wanted or possible."""
    rules = context.config.methods.documents
    if rules is None or not rules.closed_book:
        return []
    question = context.domain(dealt).aside(point, task.instruction)
    if not question or dealt.seed.id not in {one.sample for one in context.index.nearest_passages(question, NEAREST)}:
        return []
    asked = context.desk.sheet(dealt.episode).templates.render("solver", instruction=question)
    messages = (*asked, Message(role="assistant", content=answer.messages[-1].content))
    story = answer.provenance.model_copy(update={"strategy": STRATEGY})
    return [Sample(id=sample_id("solver", messages), role="solver", messages=messages, provenance=story)]
