"""What was turned away: `/s/NAME/refused`, newest first, with the reason in words and its evidence.

    ?q=WORDS&reason=…&stage=…&outcome=…&domain=…&level=…&round=…&template=…
     &generator=…&critic=…&adversary=…&judge=…&solver=…&before=NUMBER · after=NUMBER

Episodes that were refused and episodes that broke; the counts by reason are of what matches
all other filters, so that each bar says what a click on it would show.
"""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noria.memory.catalogue import Catalogue
from noria.types import ACCEPTING, ROLES, Reason, Stage
from noria.viewer.log.answering import Control, answered, news, options
from noria.viewer.log.asked import Asked, Filter
from noria.viewer.log.listing import Log, grouped
from noria.viewer.story import HOW

OF_EPISODE = "WHERE used.episode = episodes.id"

LOG = Log(
    table="episodes",
    key="number",
    columns="number, id, round, position, domain, skill, level, outcome, reason, stage, "
    "substr(evidence, 1, 600) AS evidence, substr(instruction, 1, 500) AS instruction, "
    "substr(answer, 1, 300) AS answer, solve_rate, generator",
    base="outcome <> 'accepted'",
    match="number IN (SELECT rowid FROM words WHERE words MATCH :match)",
    cover="episodes_in_the_log",
    filters=(
        Filter("reason", "reason", "reason = :reason"),
        Filter("stage", "came as far as", "stage = :stage"),
        Filter("outcome", "ended", "outcome = :outcome"),
        Filter("domain", "domain", "domain = :domain"),
        Filter("level", "level", "level = :level"),
        Filter("round", "round", "round = :round"),
        Filter("template", "template", f"EXISTS (SELECT 1 FROM used {OF_EPISODE} AND version = :template)"),  # noqa: S608 (our words)
        *(Filter(role, role, f"{role} = :{role}") for role in ROLES),
    ),
)  # fmt: skip


def refused(request: Request) -> Response:
    """The refused, a page of them."""
    return answered(request, LOG, "refused", controls, reasons)


def newer(request: Request) -> Response:
    """How many episodes that match were turned away since a page was made."""
    return news(request, LOG, "refused")


def reasons(catalogue: Catalogue, asked: Asked) -> dict[str, object]:
    """The counts by reason of everything else that was asked for; and what the reasons mean."""
    without = {name: value for name, value in asked.chosen.items() if name != "reason"}
    counts = grouped(catalogue, LOG, replace(asked, chosen=without), "reason")
    most = max((count for _, count in counts), default=1)
    bars = [
        {"reason": reason, "count": count, "share": max(round(100 * count / most, 2), 0.5),
         "address": asked.address(reason=None if asked.chosen.get("reason") == reason else reason)}
        for reason, count in counts
    ]  # fmt: skip
    return {"bars": bars, "how": HOW}


def controls(catalogue: Catalogue) -> list[Control]:
    """The controls over the refused, with what each offers."""
    names = [row["name"] for row in catalogue.rows("SELECT name FROM policies ORDER BY round, name LIMIT 500")]
    return [
        Control("reason", [one.value for one in Reason if one not in ACCEPTING]),
        *options(catalogue, "domain", "level", "round"),
        Control("stage", [one.value for one in Stage if one is not Stage.ACCEPTED]),
        Control("outcome", ["refused", "error"]),
        *options(catalogue, "template"),
        *(Control(role, names) for role in ROLES),
    ]


routes = (
    Route("/s/{session}/refused", refused, name="refused"),
    Route("/s/{session}/refused/newer", newer, name="refused-newer"),
)
