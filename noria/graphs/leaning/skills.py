"""The plan by skill: each is dealt by how much of it may still be missing, as far as exams can tell.

    items and right answers of each skill, last exams ─► Wilson's lower bound ─► 1 − bound ─► weight

A skill of which 3 of 4 were right may be known by half; one of 30 of 40 is known better. The lower
bound says so, where a switch at one half sees no difference. A domain weighs as its skills do
on average; one that no exam asked keeps the weight it has, and an unasked skill weighs in full.
"""

from statistics import fmean

from noria.config.methods.feedback import SkillPlan
from noria.evaluators.gate import wilson
from noria.graphs.context import Context
from noria.graphs.plan import domain_weights
from noria.types import Lean


async def lean(context: Context, number: int, rules: SkillPlan) -> Lean | None:
    """Weights of skills and domains; none before the first exam."""
    exams = [exam for exam in context.history.exams() if exam.round < number][-rules.exams :]
    if not exams:
        return None
    counts: dict[str, tuple[int, int]] = {}
    for exam in exams:
        for name, (items, right) in exam.skills.items():
            had = counts.get(name, (0, 0))
            counts[name] = had[0] + items, had[1] + right
    missing = {name: max(rules.floor, 1 - wilson(right, items)[0]) for name, (items, right) in counts.items()}
    owns = {
        domain: [value for name, value in missing.items() if name.startswith(f"{domain}/")]
        for domain in context.config.domains
    }  # fmt: skip
    plain = domain_weights(tuple(owns), exams[-1])
    # The plan's own weight of a domain is taken out again, so that this one stands in its place.
    domains = {name: round(fmean(some) / plain[name], 4) for name, some in owns.items() if some}
    weights = {name: round(value, 4) for name, value in sorted(missing.items())}
    least = sorted(missing, key=lambda name: (-missing[name], name))[:3]
    why = ", ".join(f"{one} {counts[one][1]} of {counts[one][0]}" for one in least)
    return Lean(method="skill_plan", domains=domains, weights=weights, why=f"least is known of {why}")
