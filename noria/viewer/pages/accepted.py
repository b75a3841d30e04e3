"""The accepted-data log: `/s/NAME/accepted`, newest first, with search and filters in the address.

    ?q=WORDS&domain=…&level=…&policy=…&round=…&source=…&worded=…&template=…&verdict=…&role=…
     &withdrawn=1&quarantined=1&before=SEQUENCE · after=SEQUENCE

Without `role` it shows what the solver learns; withdrawn and quarantined rows are left out
until they are asked for. An id, or its beginning, in the search box leads to its page.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noria.config.methods import kinds
from noria.memory.catalogue import Catalogue
from noria.types import ROLES
from noria.viewer.log.answering import Control, answered, news, options
from noria.viewer.log.asked import Filter
from noria.viewer.log.listing import Log, skimmed

OF_EPISODE = "WHERE v.episode = samples.episode"

LOG = Log(
    table="samples",
    key="sequence",
    columns="sequence, id, episode, role, round, domain, skill, level, source, worded_by, policy_name, generator_name, "
    "substr(instruction, 1, 500) AS instruction, substr(response, 1, 500) AS response, length(response) AS long, "
    "solve_rate, probes, withdrawn, quarantined, warrant, strategy",
    base="",
    match="episode_number IN (SELECT rowid FROM words WHERE words MATCH :match)",
    cover="samples_in_the_log",
    filters=(
        Filter("role", "what is taught", "(:role = 'all' OR role = :role)", unless="role = 'solver'"),
        Filter("domain", "domain", "domain = :domain"),
        Filter("level", "level", "level = :level"),
        Filter("round", "round", "round = :round"),
        Filter("policy", "written by", "policy_name = :policy"),
        Filter("source", "source", "source = :source"),
        Filter("warrant", "warrant", "warrant = :warrant"),
        Filter("strategy", "asked for by", "strategy = :strategy"),
        Filter("worded", "worded by", "worded_by = :worded"),
        Filter("template", "template", f"EXISTS (SELECT 1 FROM used v {OF_EPISODE} AND version = :template)"),  # noqa: S608 (our words)
        Filter("verdict", "judge's ruling", f"EXISTS (SELECT 1 FROM verdicts v {OF_EPISODE} AND ruling = :verdict)"),  # noqa: S608 (our words)
        Filter("withdrawn", "with withdrawn rows", "", unless="withdrawn = ''"),
        Filter("quarantined", "with quarantined rows", "", unless="quarantined = ''"),
    ),
)  # fmt: skip


def accepted(request: Request) -> Response:
    """The log, a page of it."""
    return answered(request, LOG, "accepted", controls)


def newer(request: Request) -> Response:
    """How many rows that match were accepted since a page was made."""
    return news(request, LOG, "accepted")


def controls(catalogue: Catalogue) -> list[Control]:
    """The controls over the log, with what each offers."""
    written = {
        name for role in ROLES for name in skimmed(catalogue, "samples", "policy_name", "role = :role", role=role)
    }
    return [
        *options(catalogue, "domain", "level", "round"),
        Control("policy", sorted(written)),
        Control("source", ["student", "pool", "program"]),
        Control("warrant", ["verified", "judged"]),
        Control("strategy", [name for name, kind in kinds().items() if kind.hook == "deal"]),
        Control("worded", ["generator", "program"]),
        *options(catalogue, "template"),
        Control("verdict", ["accept", "revise", "reject"]),
        Control("role", ["all", "generator"], every="answers (the solver's rows)"),
        Control("withdrawn", ["1"], tick=True),
        Control("quarantined", ["1"], tick=True),
    ]  # fmt: skip


routes = (
    Route("/s/{session}/accepted", accepted, name="accepted"),
    Route("/s/{session}/accepted/newer", newer, name="accepted-newer"),
)
