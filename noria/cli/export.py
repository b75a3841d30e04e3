"""`noria export`: a session's accepted data, or its student, as a folder that loads elsewhere.

choice, formats ─► training/export ─► folder          figures drawn here: drawing is of this floor
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from noria.cli.main import AsJson, Session, app, err, out
from noria.errors import ConfigError, SessionError
from noria.memory.history import History
from noria.viewer.text import printable

if TYPE_CHECKING:
    from noria.training.export.dataset import Inspection, Order, Written

STUDENT = "student"
"""What `--adapter` alone means: the policy the student's pointer points at."""


EVERY = 100
"""Tasks between two words of how far it is, on a terminal."""


class _OptionalPolicy(TyperCommand):
    """A command whose `--adapter` may stand alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for at, word in enumerate(args):
            if word == "--adapter" and (at + 1 == len(args) or args[at + 1].startswith("-")):
                args = [*args[:at], f"--adapter={STUDENT}", *args[at + 1 :]]
        return super().parse_args(ctx, args)


@app.command(cls=_OptionalPolicy)
def export(
    session: Session,
    to: Annotated[Path, typer.Option("--to", help="The folder to write; it is made.")],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="sft, prompt-completion, preference, kto, chatml; several give several configs of one dataset. "
            "parquet: rows as Parquet, not JSON lines.",
        ),
    ] = None,
    role: Annotated[str, typer.Option(help="solver, generator, or all.")] = "solver",
    rounds: Annotated[list[int] | None, typer.Option("--round", help="Only of this round.")] = None,
    domains: Annotated[list[str] | None, typer.Option("--domain", help="Only of this domain.")] = None,
    levels: Annotated[list[int] | None, typer.Option("--level", help="Only of this level.")] = None,
    sources: Annotated[list[str] | None, typer.Option("--source", help="Answered by: student, pool, program.")] = None,
    policies: Annotated[list[str] | None, typer.Option("--policy", help="Answered by this policy.")] = None,
    verdicts: Annotated[
        list[str] | None, typer.Option("--verdict", help="The judge ruled: accept, revise, reject.")
    ] = None,
    warrant: Annotated[
        str, typer.Option(help="What they rest on: verified (by a program), judged (by a judge alone), or all.")
    ] = "verified",
    min_solve_rate: Annotated[float, typer.Option(help="Solved by at least this share of attempts.")] = 0.0,
    max_solve_rate: Annotated[float, typer.Option(help="Solved by at most this share of attempts.")] = 1.0,
    held_out: Annotated[float, typer.Option(help="Share of tasks for the split `test`; 0 holds nothing out.")] = 0.1,
    dedup: Annotated[bool, typer.Option("--dedup", help="Leave out rows that repeat an earlier one.")] = False,
    quarantined: Annotated[
        bool, typer.Option("--quarantined", help="With what rests on a beaten verifier alone, marked.")
    ] = False,
    licence: Annotated[str, typer.Option("--license", help="The licence, as you state it, such as `apache-2.0`.")] = "",
    language: Annotated[list[str] | None, typer.Option(help="Language of the data, such as `en`.")] = None,
    name: Annotated[str, typer.Option(help="What the card calls it.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export in the same folder.")] = False,
    adapter: Annotated[
        str, typer.Option("--adapter", metavar="[POLICY]", help="Write the student's weights (or this policy's).")
    ] = "",
    merged: Annotated[bool, typer.Option("--merged", help="With --adapter: merged into the base.")] = False,
    tainted: Annotated[bool, typer.Option("--tainted", help="With --adapter: even if a purge marked it.")] = False,
    base_model: Annotated[str, typer.Option(help="With --adapter: the base's name on a hub.")] = "",
    quantise: Annotated[
        str, typer.Option("--quantise", help="With --adapter: merged and rounded to int8 or int4, as a GGUF file.")
    ] = "",
    exam: Annotated[
        bool, typer.Option("--exam/--no-exam", help="With --quantise: examine it before and after.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Write the accepted data, or with --adapter the student, as a folder that datasets and transformers load."""
    shapes = formats or []
    if adapter:
        if shapes:
            raise ConfigError("An export is of data or of weights.", mend="Leave --format or --adapter out.")
        from noria.cli.export_weights import weights

        weights(session, to, adapter, merged=merged, quantised=quantise, exam=exam, tainted=tainted,
                base_model=base_model, licence=licence, language=language or [], name=name, force=force,
                as_json=as_json)  # fmt: skip
        return
    if merged or tainted or base_model or quantise:
        flags = "--merged, --quantise, --tainted and --base-model"
        raise ConfigError(f"{flags} are of weights.", mend="Give --adapter with them.")
    choice = {
        "role": role, "rounds": rounds or (), "domains": domains or (), "levels": levels or (),
        "sources": sources or (), "policies": policies or (), "verdicts": verdicts or (),
        "warrant": warrant, "min_solve_rate": min_solve_rate, "max_solve_rate": max_solve_rate,
        "quarantined": quarantined, "dedup": dedup,
    }  # fmt: skip
    order = ordered(session, to, shapes, choice, held_out, licence, language or [], name, force=force)
    from noria.training.export.dataset import write
    from noria.viewer.figures import drawings

    with still(session) as story:
        must_know(story, order)
        whole = story.funnel()["accepted"]
        with err.status("Reading the session") as status:

            def tell(tasks: int) -> None:
                if tasks % EVERY == 0:
                    status.update(f"Writing: {tasks} of {whole} tasks")

            done = write(story, order, inspection(session, story), drawings, tell)
    if as_json:
        assert done.export is not None
        typer.echo(done.export.model_dump_json())
    else:
        for line in _said(done):
            out.print(line, markup=False)


def ordered(
    session: Path, to: Path, shapes: list[str], choice: Mapping[str, Any], held_out: float, licence: str,
    language: list[str], name: str, *, force: bool,
) -> "Order":  # fmt: skip
    """What is to be written.

    Raises:
        ConfigError: a format, a filter or the share is none.
    """
    from pydantic import ValidationError

    from noria.training.export.choice import FORMATS, Choice
    from noria.training.export.dataset import Order

    if unknown := [one for one in shapes if one not in (*FORMATS, "parquet")]:
        raise ConfigError(f"There is no format {unknown[0]!r}.", mend=f"It is one of {', '.join(FORMATS)}, parquet.")
    if not 0 <= held_out < 1:
        raise ConfigError(f"--held-out is a share from 0 up to 1, not {held_out}.")
    try:
        chosen = Choice.model_validate(choice)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        flag = str(first["loc"][0]).removesuffix("s").replace("_", "-").replace("policie", "policy")
        raise ConfigError(f"--{flag}: {first['msg']}, not {first['input']!r}.") from fault
    return Order(
        to=to.absolute(), session=session.absolute(),
        formats=tuple(one for one in FORMATS if one in shapes) or ("sft",),
        container="parquet" if "parquet" in shapes else "jsonl",
        choice=chosen, held_out=held_out, title=name, licence=licence, language=tuple(language), force=force,
    )  # fmt: skip


def must_know(story: History, order: "Order") -> None:
    """Refuse a filter that names what the session has not.

    Raises:
        SessionError: it does; what there is stands in the sentence.
    """
    choice, numbers = order.choice, {str(number) for number, *_ in story.rounds()}
    rows = story.composition()
    known = {
        "round": (map(str, choice.rounds), numbers),
        "domain": (choice.domains, {row[1] for row in rows}),
        "policy": (choice.policies, {one.name for one in story.policies()} | {row[1] for row in _writers(story)}),
    }
    for what, (asked, there) in known.items():
        if missing := sorted(set(asked) - there):
            raise SessionError(
                f"The session {str(order.session)!r} has no {what} {missing[0]!r}.",
                mend=f"It has: {', '.join(sorted(there)) or 'none yet'}.",
            )


def _writers(story: History) -> list[tuple[str, str]]:
    cards = (card for _, _, facts in story.rounds() for card in facts.get("verifiers", []))
    return [("verifier", card["verifier"]) for card in cards]


@contextmanager
def still(session: Path) -> Iterator[History]:
    """A session's history that stands still: of one that plays, a copy of its ledger as it is now."""
    from noria.cli.reading import history
    from noria.memory.snapshot import snapshot

    with snapshot(session) as folder, history(folder) as story:
        yield story


def inspection(session: Path, story: History) -> "Inspection":
    """What the session screens for and keeps out, as it would of a new round."""
    from noria.evaluators.benchmarks import benchmarks
    from noria.evaluators.contamination import Item, Kept, own_words
    from noria.evaluators.registry import domains
    from noria.graphs.hygiene import Hygiene
    from noria.memory.documents.passages import kept as passages
    from noria.memory.embed import StaticEmbedder
    from noria.training.export.dataset import Inspection
    from noria.training.export.facts import config as configured
    from noria.types import Episode, Sample

    config = configured(story)
    known, _ = domains(dict(config.domains), config.domain_files, passages(story))
    embed = StaticEmbedder().embed
    hygiene = Hygiene(config, known, embed, benchmarks(config.hygiene.benchmarks))
    exams, own = hygiene.examined(story), own_words(known.values())

    def stain(sample: Sample, episode: Episode) -> str:
        task = episode.drafts[-1]
        found = hygiene.stain(sample, exams, hygiene.says(task.domain, task.level, task.parameters))
        return f"{found.reason.value}: {found.kind}" if found else ""

    def screen(text: str) -> str:
        found = hygiene.screen.find(text)
        return found[0].kind if found else ""

    def kept(items: list[Item]) -> Kept:
        return Kept(items, embed, own)

    return Inspection(stain, screen, kept, tuple(config.hygiene.screen), len(exams), len(hygiene.named))


def _said(done: "Written") -> Iterator[str]:
    order = done.order
    yield f"{done.composition.tasks} tasks of {order.session.name} in {order.to}"
    for form, sides in done.rows.items():
        counts = "   ".join(f"{side} {sides.get(side, 0):>6}" for side in ("train", "test"))
        yield f"  {form:<18} {counts}" + ("" if sides else "   (this session has none)")
    for why, count in sorted(done.left.items(), key=lambda one: (-one[1], one[0])):
        yield f"  left out {count:>6}  {printable(why)}"
    yield f"No leak: {done.proof.sentence}" if done.proof.test else f"Nothing held out: {done.proof.sentence}"
    if not order.licence:
        yield "No licence is stated: --license NAME writes one into the card."
    form = next(form for form in order.formats if done.rows[form])
    yield f'load_dataset({json.dumps(str(order.to))}, "{form}", split="train")   README.md is its card'
