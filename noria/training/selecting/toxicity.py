"""Toxicity as a selection: samples are scored, and left out from a bound on; subtle cases try the filter first.

    planted cases and twins ─► scorer ─► card (facts)          adversary ─► cases of its own ─► scored, never learned
    samples, what each asks and answers ─► scorer ─► at or above the bound ─► left out

What screening knows it has refused before (see `graphs/hygiene.py`); this adds degree, and other
eyes. The card says what the filter is worth: after ToxiGen (arXiv 2203.09509) and ToxiCraft
(arXiv 2409.14740), whose subtle cases are what filters miss.
"""

from collections.abc import Sequence

from noria.agents.adversary import Adversary
from noria.agents.enhancing import subtle
from noria.agents.judge import Judge
from noria.config.methods.quality import Toxicity
from noria.evaluators.toxicity.card import filter_card
from noria.evaluators.toxicity.subtle import euphemisms
from noria.training.scorers import Scorer, scorer
from noria.training.selecting.selector import Selected, Tools
from noria.types import Json, Role, Sample

LEFT = "its toxicity reaches the bound"
UNREAD = "its toxicity could not be scored"

SHOWN = 3
"""Remarks that the adversary is shown before it writes one."""


async def select(samples: Sequence[Sample], rules: Toxicity, tools: Tools) -> Selected:
    """Leave out what scores at the bound or above, and say what the filter catches of planted cases.

    Raises:
        EndpointError: the policy that scores, or that writes cases, cannot answer.
    """
    place = f"toxicity-r{tools.number:04}"
    seat = Judge(tools.desk, _seated(tools, "judge"))
    reads = scorer(rules, seat, place, draft=2)
    texts = {one.id: [said.content for said in one.messages if said.role != "system"] for one in samples}
    every = list(dict.fromkeys(text for some in texts.values() for text in some))
    scores = dict(zip(every, await reads.score(every), strict=True))
    left, found = dict[str, str](), dict[str, float]()
    for key, some in texts.items():
        own = [score for text in some if (score := scores[text]) is not None]
        if own:
            found[key] = max(own)
        if own and max(own) >= rules.bound:
            left[key] = LEFT
        elif len(own) < len(some):  # a score nobody could read is none, and what is not known is not learned
            left[key] = UNREAD
    facts: Json = {"scorer": rules.scorer, "bound": rules.bound}
    if rules.cases:
        tried = scorer(rules, seat, place, draft=1)
        card = await filter_card(tried.score, rules.scorer, rules.bound, rules.cases, f"{tools.name}/toxicity")
        facts["filter"] = card.model_dump(mode="json") | {
            "recall": round(card.recall, 4), "false_alarms": round(card.false_alarms, 4),
            "interval": [round(one, 4) for one in card.interval],
        }  # fmt: skip
    if rules.written:
        facts["written"] = await _written(rules, tools, scorer(rules, seat, place, draft=3))
    return Selected(left, found, facts)


async def _written(rules: Toxicity, tools: Tools, reads: Scorer) -> Json:
    """Cases of the adversary's own, scored: what it calls unkind is its opinion, so this is no recall."""
    adversary = Adversary(tools.desk, _seated(tools, "adversary"))
    shown = euphemisms(f"{tools.name}/written", rules.written, SHOWN)
    cases = await subtle(adversary, f"toxicity-r{tools.number:04}", shown)
    scores = await reads.score([*(one.unkind for one in cases), *(one.kind for one in cases)])
    caught = [score is not None and score >= rules.bound for score in scores]
    return {
        "asked": rules.written, "readable": len(cases), "differ": sum(one.unkind != one.kind for one in cases),
        "unkind_caught": sum(caught[: len(cases)]), "kind_caught": sum(caught[len(cases) :]),
    }  # fmt: skip


def _seated(tools: Tools, role: Role) -> str:
    """Who sat in a seat this round."""
    return str(tools.history.round(tools.number).get("seats", {}).get(role, tools.base))
