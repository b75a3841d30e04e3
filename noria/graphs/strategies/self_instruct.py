"""Self-Instruct (Wang et al., arXiv 2212.10560): examples in the prompt, and a task that is none of them.

    accepted instructions of the domain (in `open` the user's rows too) ─► shown ─► the generator's own

The paper keeps a new instruction whose ROUGE-L with every earlier one is under 0.7. Noria needs no
ROUGE for that (google-research's `rouge-score` would be the maintained one): a task of an executed
domain is the same by its parameters and its solution, exactly, and an ask of `open` by meaning
(`novelty`, cosine of embeddings in Chroma), which also finds what other words say, and does not
grow with the square of what was accepted. The window is the plan's own, so that a tiny
generator that repeats its examples still covers the space.
"""

import json
import random

from noria.config.methods.synthesis import SelfInstruct
from noria.evaluators.foreign import foreign
from noria.evaluators.open import Open
from noria.graphs.hygiene import UNCLEAN_ROWS
from noria.graphs.strategies.assigning import Setting
from noria.graphs.strategies.drawing import accepted, asked
from noria.types import Dealt, Seed

LONGEST = 200
"""Characters of an example that are shown."""


def deal(hand: Dealt, rules: SelfInstruct, setting: Setting, rng: random.Random) -> Dealt | None:
    """The hand with examples; none where nothing was accepted and no row is there."""
    rows: list[Seed] = setting.once("rows", lambda: _rows(setting)) if hand.domain == Open.name else []
    theirs = rng.sample(rows, min(len(rows), rules.rows))
    found = accepted(setting, hand.domain)
    ours = rng.sample(found, min(len(found), rules.examples - len(theirs)))
    shown = [(one.id, asked(one)[:LONGEST]) for one in ours] + [(one.id, one.text[:LONGEST]) for one in theirs]
    if not shown:
        return None
    rng.shuffle(shown)
    texts = [text for _, text in shown]
    return hand.model_copy(update={"parents": tuple(key for key, _ in shown), "brief": {"examples": texts}})


def _rows(setting: Setting) -> list[Seed]:
    barred = json.loads(setting.history.ledger.fact(UNCLEAN_ROWS) or "{}").get("rows", {})
    rows = (one for one in setting.history.seeds() if one.kind == "row")
    return [one for one in rows if one.text and one.id not in barred and not foreign(one.text)]
