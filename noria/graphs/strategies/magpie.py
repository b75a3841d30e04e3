"""Magpie (Xu et al., arXiv 2406.08464): an aligned model, shown its chat template alone, says what a user would ask.

hand of `open` ─► the template up to the user's words ─► sampled to the end of the turn ─► the ask

Nothing is asked, so nothing steers it: the kind is `free` and the level the plan's. How the text is
had is `inference.client.Speaker`; where an endpoint has none of it the generator is asked plainly in
the same hand, which the sample then says, and whoever watches is told (`fell_back`).
"""

import random

from noria.config.methods.synthesis import Magpie
from noria.evaluators.open import FREE, Open
from noria.graphs.strategies.assigning import Setting
from noria.types import Dealt


def deal(hand: Dealt, rules: Magpie, setting: Setting, rng: random.Random) -> Dealt | None:
    """The hand as one that nothing is asked in; none outside of `open`."""
    if hand.domain != Open.name:
        return None
    window = {"skill": FREE, "subject": hand.window.get("subject", "")}
    return hand.model_copy(update={"window": window, "brief": {"temperature": rules.temperature}})
