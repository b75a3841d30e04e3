"""Direct preference optimisation on a session's own evidence.

    attempts at an accepted task ─┬─ passed every check ─► chosen
                                  └─ failed one, or an attack the verifier refuted ─► rejected

*Direct Preference Optimization* (Rafailov et al., arXiv 2305.18290), round by round with the
likelihood of the chosen answer beside it, as in *Iterative Reasoning Preference Optimization* (Pang et al.,
arXiv 2404.19733). Both sides are verified, so no judge's taste is learned.

The reference is the adapter as the fine-tuning left it, not the base: the rows have just taught the
form of an answer, and a reference that knows none of it would count every
right form as a departure. It is the paper's own choice (the reference is the supervised policy).
"""

from collections.abc import Sequence

from noria.config.methods.preference import Dpo
from noria.training.export import contrast
from noria.training.export.cases import Case
from noria.training.further import Start
from noria.training.launch import Trained
from noria.training.pairing import Barred, gathered
from noria.training.pairs import Pair
from noria.training.preferring import prefer
from noria.training.selecting.selector import Tools

METHOD = "dpo"


async def pairs(tools: Tools, rules: Dpo, barred: Barred) -> list[Pair]:
    """The pairs of verified against refuted answers that a round learns from."""

    async def make(found: Sequence[Case]) -> list[list[Pair]]:
        return [of(case)[: rules.of_task] for case in found]

    return await gathered(tools, rules, barred, METHOD, make)


def of(case: Case) -> list[Pair]:
    """The pairs of one accepted episode."""
    sample = case.answer
    assert sample is not None
    return [
        Pair(
            prompt=sample.messages[:-1], chosen=one.chosen.text, rejected=one.rejected.text, sample=sample.id,
            episode=case.episode.id, method=METHOD, why=one.why, policy=one.rejected.policy,
        )
        for one in contrast.pairs(case, sample)
    ]  # fmt: skip


async def further(start: Start, rules: Dpo) -> Trained | None:
    """Train the adapter so far on the round's pairs; none where there are none.

    Raises:
        RunError: the training failed; its last words are in the sentence.
    """
    return await prefer(start, rules, METHOD, loss=rules.loss)
