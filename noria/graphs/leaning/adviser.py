"""The adviser's lean: the areas it names are dealt more often, and its wish becomes a note for a round.

account ─► adviser (turn `adviser-r0002`) ─┬─ areas, wish ─► Lean
                                           └─ unreadable, unreachable ─► no lean, and why
"""

from noria.agents.adviser import Adviser as Agent
from noria.config.methods.feedback import Adviser
from noria.errors import EndpointError, ReplyError
from noria.graphs.context import Context
from noria.graphs.leaning.account import account
from noria.graphs.quarantine import trusted
from noria.types import Lean


async def lean(context: Context, number: int, rules: Adviser) -> Lean | None:
    """What the adviser makes of the rounds before; none in the first, which has nothing to read."""
    if number == 1:
        return None
    levels = trusted(context.domains, context.config.domains, context.history)
    if rules_of_growing := context.config.methods.growing_exam:
        from noria.graphs.leaning.growing import decided

        grown, _ = decided(context, number, rules_of_growing)
        levels = {name: tuple(one for one in own if one in grown[name].open) for name, own in levels.items()}
    shown = account(context.history, context.domains, levels, number)
    policy = context.seats()["critic"] if rules.policy == "critic" else context.remote[rules.policy]
    try:
        advice = await Agent(context.desk, policy).advise(
            f"adviser-r{number:04}", shown.counts, shown.samples, shown.areas, rules.areas
        )
    except (ReplyError, EndpointError) as fault:
        return Lean(method="adviser", why=f"no advice: {fault}")
    named = [one.split("/") for one in advice.areas]
    return Lean(
        method="adviser",
        domains={domain: rules.factor for domain, _, _ in named},
        levels={f"{domain}/{level}": rules.factor for domain, _, level in named},
        skills=tuple(sorted({f"{domain}/{skill}" for domain, skill, _ in named})),
        notes=(advice.wish,) if advice.wish.strip() else (),
        why=f"it names {', '.join(advice.areas)}" if named else "it names no area there is",
    )
