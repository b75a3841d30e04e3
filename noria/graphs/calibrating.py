"""What a round trusts before it deals: the card of every verifier, and of the judge.

levels that may be dealt ─► verifiers shown planted answers ─► cards ─► who admits
                         ─► judge shown planted answers     ─► card  ─► veto
                             └ where it alone can tell, a card of its own
"""

from collections.abc import Mapping

from noria.agents.judge import Judge
from noria.evaluators.cards import JudgeCard, VerifierCard, verifier_card
from noria.evaluators.domain import Domain
from noria.graphs.context import Context
from noria.graphs.quarantine import Levels
from noria.types import Dealt


async def calibrated(context: Context, number: int, levels: Levels, policy: str) -> tuple[JudgeCard, JudgeCard | None]:
    """The judge's cards: where programs know what is right, and where it alone can tell, if that is dealt."""
    place, items = f"calibration-r{number:04}", context.config.judge.calibration
    own = {name: context.domains[name].at(of[0]) for name, of in levels.items()}
    told = [name for name, domain in own.items() if domain.warrant == "judged"]
    rest = [name for name in own if name not in told]

    async def card(where: str, names: list[str]) -> JudgeCard:
        judge = Judge(context.desk, policy)
        return await judge.calibrate(
            where, [own[one] for one in names], [levels[one][0] for one in names], items,
            reserved=context.config.methods.trained_judge is not None,
        )  # fmt: skip

    first = await card(place, rest or told)
    return first, (await card(f"{place}/judged", told) if rest and told else first if told else None)


def ruled(hand: Dealt, domains: Mapping[str, Domain], opinions: JudgeCard) -> Dealt:
    """A hand with the veto that the judge has where it alone can tell."""
    judged = domains[hand.domain].at(hand.level).warrant == "judged"
    return hand.model_copy(update={"veto": opinions.veto}) if judged else hand


async def measured(context: Context, number: int, levels: Levels) -> list[VerifierCard]:
    """The card of every verifier that this round may deal to."""
    items, stream = context.config.verifiers.planted, f"{context.config.random}/cards/{number}"
    return [
        await verifier_card(context.domains[name].at(level), level, context.desk.runner, items, stream)
        for name, own in levels.items()
        for level in own
    ]
