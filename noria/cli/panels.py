"""How the commands stand together in `noria --help`: by what a person has come to do."""

from typer import Typer
from typer.models import CommandInfo, TyperInfo

PANELS: dict[str, tuple[str, ...]] = {
    "Play": ("init", "doctor", "plan", "documents", "run", "resume", "model"),
    "Read": (
        "view", "status", "accepted", "refused", "trace", "why", "descendants", "funnel", "cost", "policies", "exams",
        "query", "report",
    ),
    "Steer": ("prompts", "steer", "pause", "go-on", "waiting", "review", "approve", "refuse", "rollback"),
    "Prove": ("verifiers", "judges", "guards", "seats", "attack", "contamination", "study"),
    "Data out": ("export", "coreset", "push"),
    "Mend": ("purge", "memory"),
}  # fmt: skip
"""A panel's name and its commands, in the order they are shown in."""


def arrange(app: Typer) -> None:
    """Put every command into its panel, in order."""
    place = {name: (panel, at) for panel, names in PANELS.items() for at, name in enumerate(names)}
    order = list(PANELS)

    def named(one: CommandInfo | TyperInfo) -> str:
        return one.name if isinstance(one.name, str) else one.callback.__name__ if one.callback else ""

    commands: list[CommandInfo | TyperInfo] = [*app.registered_commands, *app.registered_groups]
    for one in commands:
        if named(one) in place:
            one.rich_help_panel = place[named(one)][0]

    def where(one: CommandInfo | TyperInfo) -> tuple[int, int]:
        panel, at = place.get(named(one), ("", 0))
        return (order.index(panel) if panel else len(order), at)

    app.registered_commands.sort(key=where)
    app.registered_groups.sort(key=where)
