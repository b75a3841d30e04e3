"""The source of the domain `grounded`: passages of the user's documents, screened as rows are.

    documents ─► passages ─► nothing foreign? ─► no secret, personal data, toxic word? ─► passages of the session

A document may hold anything, orders to a model among it. What speaks to a seat or pretends to be
the frame is no passage (see `evaluators/foreign.py`), nor is what no row may hold. A session keeps
its passages in the ledger from its opening on, so it can be resumed where the documents are gone.
"""

from noria.config import SessionConfig
from noria.config.methods.grounded import DOMAIN, Documents
from noria.errors import ConfigError
from noria.evaluators.foreign import foreign, spelled
from noria.evaluators.screening import Screen
from noria.graphs.folder import begun
from noria.graphs.sourced import Sourced
from noria.identity import passage_bucket
from noria.memory.documents.passages import gather, kept
from noria.memory.embed import StaticEmbedder
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import Seed


def sourced(config: SessionConfig) -> Sourced:
    """The passages of a session: as its ledger keeps them, or gathered now.

    Raises:
        ConfigError: documents are wanted and cannot be used, give too little, or are not named.
    """
    rules = config.methods.documents
    if rules is None:
        if DOMAIN in config.domains:
            raise ConfigError(
                f"The domain {DOMAIN!r} asks about documents, and none are named.",
                mend="Name them: `methods: {documents: {paths: [docs/]}}`.",
            )
        return Sourced()
    if begun(config.session):
        ledger = Ledger(config.session)
        try:
            return Sourced(kept(History(ledger)))
        finally:
            ledger.close()
    found = sieved(rules, Screen(config.hygiene.screen))
    sides = {passage_bucket(one.id) for one in found.passages}
    for side, use in (("train", "to be asked about"), ("gate", "for the exams, which no training may see")):
        if side not in sides:
            raise ConfigError(
                f"The documents give {len(found.passages)} passages that can be used, and none of them is left {use}.",
                mend="Name more documents, or make passages shorter (`methods.documents.words`).",
            )
    return found


def sieved(rules: Documents, screen: Screen) -> Sourced:
    """The passages of documents, without what may not be shown or learned.

    Raises:
        ConfigError: a document cannot be used and is not to be skipped, or none gives a passage.
    """
    found = gather(rules, StaticEmbedder())
    left_out = [(one, "repeated: an earlier passage says the same") for one in found.repeated]
    passages = list[Seed]()
    for one in found.passages:
        if what := foreign(one.text, spelled(one.text)):
            left_out.append((one, f"foreign: it {what}"))
        elif stains := screen.find(one.text):
            left_out.append((one, f"unclean: it holds {'; '.join(map(str, stains))}"))
        else:
            passages.append(one)
    return Sourced(passages, left_out, found.skipped, found.documents)
