"""`noria export --adapter`: a trained policy as a folder; with `--quantise`, examined before and after.

merged ─► served, asked ┐
quantised ─► the same   ┴► what the rounding cost, with its interval ─► card
"""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from noria.cli.export import still
from noria.cli.main import err, out
from noria.errors import ConfigError
from noria.memory.history import History
from noria.types import Json, Policy
from noria.viewer.text import printable

if TYPE_CHECKING:
    from noria.config import SessionConfig
    from noria.graphs.opening import Means

SCHEMES = ("int8", "int4")

ITEMS = 10
"""Items of each domain where the session has no frozen ones."""


def weights(
    session: Path, to: Path, policy: str, *, merged: bool, quantised: str, exam: bool, tainted: bool,
    base_model: str, licence: str, language: list[str], name: str, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write a policy's weights.

    Raises:
        NoriaError: it cannot be written (see `training/export/weights`).
    """
    from noria.training.export.weights import WeightsOrder, write_weights

    if quantised and quantised not in SCHEMES:
        raise ConfigError(f"There is no scheme {quantised!r} to quantise by.", mend=f"It is {' or '.join(SCHEMES)}.")
    order = WeightsOrder(
        to=to.absolute(), session=session.absolute(), policy=policy, merged=merged,
        quantised=quantised or None,  # type: ignore[arg-type]
        tainted=tainted, base_model=base_model, title=name, licence=licence, language=tuple(language), force=force,
    )  # fmt: skip
    with still(session) as story:
        examine = examiner(session, story) if quantised and exam else None
        done = write_weights(story, order, examine)
    if as_json:
        typer.echo(done.model_dump_json())
        return
    size = sum(mark.size for mark in done.files.values()) / 1e6
    out.print(f"{done.told['name']}, {done.kind}, {size:.0f} MB in {order.to}   README.md is its card", markup=False)
    if said := done.told.get("quantised", {}).get("said"):
        out.print(printable(said), markup=False)
    if not order.licence:
        out.print("No licence is stated: --license NAME writes one into the card.", markup=False)


def examiner(
    session: Path, story: History, means: "Callable[[SessionConfig], Means] | None" = None
) -> Callable[[Path, Path], Json]:
    """Who holds the exam before and after; `means` serve the two models, the real ones where none are given."""
    from noria.cli.means import real
    from noria.evaluators.registry import domains
    from noria.evaluators.sandbox.runner import Chosen
    from noria.graphs import apart
    from noria.graphs.folder import stored
    from noria.graphs.steering.taking import in_force
    from noria.training.models import weights_id

    config, _ = stored(session)
    known, _ = domains(dict(config.domains), config.domain_files)

    def examine(before: Path, after: Path) -> Json:
        pair = [
            Policy(id=weights_id(folder), name=name, folder=str(folder))
            for name, folder in (("merged", before), ("quantised", after))
        ]
        kept = apart.frozen(story, known)
        asked = kept or apart.items(story, config, known, ITEMS, f"{config.random}/quantised")
        runner = Chosen(config.sandbox.minimum)
        with tempfile.TemporaryDirectory(prefix="noria-exam-") as place, err.status("Examining") as status:
            own = config.model_copy(update={"session": Path(place)})
            serving = means(own) if means else real(own, lambda who, seconds, line: status.update(f"{who}: {line}"))
            try:
                first, second = asyncio.run(
                    apart.examined(
                        pair, asked, means=serving, templates=in_force(story, config), runner=runner,
                        folder=Path(place) / "exam",
                    )
                )  # fmt: skip
            finally:
                runner.close()
        found = apart.compared(first, second)
        which = "the session's frozen items" if kept else "items that no training may see"
        gap = {"difference": found.gap.value, "low": found.gap.low, "high": found.gap.high} if found.gap else {}
        return {
            "items": found.items, "before": found.a.part, "after": found.b.part, **gap,
            "said": found.said("before quantising", "after"), "on": f"Both were asked {which}",
        }  # fmt: skip

    return examine
