"""Seats are earned: what a promoted student may hold besides the solver's seat.

    promote ─► for each seat it may earn:  asked before? ─► items ─┬─► holder  ─┐
                                            (the ledger)           └─► student ─┴─► better? ─► a row ─► its seat

An exam is held once: its row is found, and so is every turn of one that was cut off. Holder
and student answer the same items side by side, none of them of a quarantined verifier. After
the last round nobody would play in a seat, so none is examined for; a session may end sooner
for other reasons, and has then examined for nothing.

Afterwards the pool is as small as the seats allow: the base, the current student, and who
holds a seat (see `memory/seatings.py`); whoever lost its last one leaves.
"""

import asyncio
import time
from functools import partial
from importlib import import_module
from typing import Any

from noria.evaluators import role_exams, role_items
from noria.evaluators.domain import Domain
from noria.graphs import proposals, sitting
from noria.graphs.coming import coming
from noria.graphs.context import Context
from noria.graphs.examination import asked_of
from noria.graphs.quarantine import beaten_among, trusted
from noria.graphs.stages import found_done, stage
from noria.memory.seatings import keep_seating, seatings, spent
from noria.types import Role, RoleExam, RoleItem


async def seat(context: Context, number: int, student: str) -> None:
    """Examine the student for each seat that it may earn; who holds none any more goes before the next round."""
    roles, held = context.config.earnable(), {exam.role for exam in seatings(context.history, number)}
    if number >= context.config.stop.rounds and roles:
        why = "no round is left to play in another seat"
        await context.history.keep_round(number, "seat", unseated=why)
        context.tell("unseated", {"round": number, "why": why})
        roles = ()
    if context.pointer("student").id != student:  # rolled back since it was promoted
        roles = ()
    if left := [role for role in roles if role not in held]:
        async with stage(context, number, "seat"):
            for role in left:
                await examined(context, number, role, student)
    elif held:
        await found_done(context, number, "seat")


async def judges(context: Context, number: int) -> None:
    """Where judges are trained, the round's sits its exam, whether a student was promoted or not."""
    for rules in context.config.methods.on("judge").values():
        await import_module(rules.module).judge(context, number, rules)


async def examined(context: Context, number: int, role: Role, student: str) -> RoleExam:
    """Hold one exam, and write who has the seat; `student` is the policy that would take it."""
    started, holder = time.monotonic(), context.policy(context.seats()[role])
    policy, place = context.policy(student), f"roles-r{number:04}/{role}"
    async with coming(context, holder), coming(context, policy):
        items, sit = await _paper(context, number, role, place)
        sides = await asyncio.gather(*(sit(one.id, f"{place}/{one.id}", items) for one in (holder, policy)))
    nth = len({exam.round for exam in seatings(context.history) if exam.round < number}) + 1
    alpha = role_exams.level(context.config.roles.alpha, nth, context.config.contested())
    exam = role_exams.compared(number, role, (holder.id, sides[0]), (policy.id, sides[1]), alpha)
    left_out = beaten_among(context.domains, context.config.domains, context.history)
    cost = {**spent(context.history, place), "seconds": round(time.monotonic() - started, 3)}
    exam = exam.model_copy(update={"left_out": tuple(left_out), **cost})
    answered = [
        RoleItem(
            item=_words(item),
            holder_right=one.right,
            student_right=two.right,
            won=(two.score > one.score) - (one.score > two.score),
        )
        for item, one, two in zip(items, *sides, strict=True)
    ]
    await keep_seating(context.history, exam, answered)
    context.tell("seating", {"exam": exam, "student": policy.name, "holder": holder.name})
    return exam


async def _paper(context: Context, number: int, role: Role, place: str) -> tuple[list[Any], Any]:
    """What a role's exam asks, and how a policy sits it."""
    name, count = f"{context.config.random}/{place}", context.config.roles.items
    levels = trusted(context.domains, context.config.domains, context.history)

    def fits(domain: Domain) -> bool:
        return domain.name in levels and domain.verifier not in context.history.quarantined()

    match role:
        case "generator":
            return proposals.windows(context, number, asked_of(context)), partial(proposals.generator, context)
        case "judge":
            first = {key: own[0] for key, own in levels.items()}
            reserved = context.config.methods.trained_judge is not None
            domains = [context.domains[key].at(one) for key, one in first.items()]
            found: list[Any] = (
                role_items.answers(name, count, domains, list(first.values()), reserved=reserved) if first else []
            )
            sit: sitting.Sit = sitting.judge
        case "critic":
            found, sit = await asyncio.to_thread(role_items.wordings, name, count, fits), sitting.critic
        case _:
            found, sit = await asyncio.to_thread(role_items.candidates, name, count, fits), sitting.adversary
    return found, partial(sit, context.desk)


def _words(item: Any) -> str:
    """An item in words: what is wrong with it, if anything, and what it says."""
    if window := getattr(item, "window", None):
        return f"{item.domain} level {item.level}: {window}"
    said = getattr(item, "instruction", "") or item.task.instruction
    return f"{getattr(item, 'fault', '') or item.kind}: {said} -> {item.response}"
