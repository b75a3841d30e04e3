"""`noria study gain` and `noria study verify`: does the wheel lift anything, and does the report say what it found?"""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noria.cli.main import AsJson, err, out
from noria.cli.study import studies
from noria.errors import ConfigError, RunError

if TYPE_CHECKING:
    from noria.studies.gain.plan import GainPlan

WORDS = "words.md"
"""A file beside the report whose words stand in its page: what a person makes of it."""


@studies.command()
def gain(
    short: Annotated[bool, typer.Option("--short", help="The small form: about half an hour, and no claim.")] = False,
    seeds: Annotated[int | None, typer.Option(help="Seeds of each arm; 3, or 1 of the short form.", min=1)] = None,
    arms: Annotated[
        list[str] | None,
        typer.Option("--arm", help="A further arm: no_critic, no_adversary, no_memory, no_curriculum, gated."),
    ] = None,
    teacher: Annotated[
        str, typer.Option(help="Address of a stronger policy's endpoint, for the arm `distilled`; ends in /v1.")
    ] = "",
    teacher_model: Annotated[str, typer.Option(help="The name the teacher is served under.")] = "",
    config: Annotated[Path | None, typer.Option("--config", "-c", help="A study of your own, as YAML.")] = None,
    folder: Annotated[Path | None, typer.Option("--out", "-o", help="Where its pieces and its report go.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Begin no piece after so long; 0 prints the plan and plays nothing.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Puppets instead of models.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hold the verified loop against its warm start, against loops that verify nothing, and against a ceiling.

    A study that was left is gone on with by the same command: pieces that finished are not played again.
    """
    from noria.cli.means import pretended, real
    from noria.studies.gain.collecting import report
    from noria.studies.gain.pieces import pieces
    from noria.studies.gain.playing import Player
    from noria.studies.gain.writing import write

    plan = _plan(short, seeds, arms or [], (teacher, teacher_model), config, dry_run)
    where = folder or Path("studies") / ("gain-short" if short else "gain")
    console = err if as_json else out

    def say(text: str) -> None:
        console.print(text, markup=False)

    player = Player(plan, where, pretended if dry_run else lambda own: real(own, lambda *_: None), say)
    _tell(plan, where, say)
    player.play(minutes)
    left = [one.name for one in pieces(plan, where) if not one.done]
    if not any(one.kind == "test" and one.done for one in pieces(plan, where)):
        if player.failed:
            raise RunError(f"No piece of the study came to its end: {'; '.join(player.failed.values())}.")
        return
    command = _command(short, len(plan.seeds), arms or [], teacher, teacher_model, config, dry_run)
    told = report(plan, where, player.domains, player.failed, command)
    words = (where / WORDS).read_text(encoding="utf-8") if (where / WORDS).is_file() else ""
    whole, lines = write(where, told, words)
    if as_json:
        typer.echo(json.dumps(whole))
    else:
        say("\n" + "\n".join(lines))
        say(f"\nWritten: {where / 'gain.md'}, {where / 'gain.json'}")
        if left:
            say(f"{len(left)} pieces are left; the same command goes on with {left[0]}.")


@studies.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The gain.json of a study.", show_default=False)], as_json: AsJson = False
) -> None:
    """Compute every figure of a study of gain anew from its stored outcomes, and say which come out otherwise."""
    from noria.studies.gain.writing import read, verified

    count, apart = verified(read(file))
    if as_json:
        typer.echo(json.dumps({"figures": count, "apart": apart}))
    else:
        for one in apart:
            err.print(one, markup=False)
        out.print(f"{count - len(apart)} of {count} figures follow from the stored outcomes", markup=False)
    if apart:
        raise typer.Exit(1)


def _plan(
    short: bool, seeds: int | None, arms: list[str], teacher: tuple[str, str], config: Path | None, dry: bool
) -> "GainPlan":
    from noria.studies.gain.plan import CLAIM, CORE, FURTHER, SHORT, planned, read

    data: dict[str, Any] = read(config) if config else {}
    own = dict(data.get("arms") or {name: {} for name in CORE})
    for arm in arms:
        if arm not in FURTHER or arm == "distilled":
            raise ConfigError(
                f"There is no further arm {arm!r}.",
                mend=f"There are: {', '.join(FURTHER[:-1])}; `distilled` needs --teacher.",
            )
        own.setdefault(arm, {})
    if any(teacher):
        if not all(teacher):
            raise ConfigError("The arm `distilled` needs --teacher and --teacher-model, both.")
        own["distilled"] = {
            "endpoints": {"teacher": {"url": teacher[0], "model": teacher[1]}},
            "methods": {"distil": {"teacher": "teacher"}},
        }
    data = {"short": short, "dry": dry, **data, "arms": {name: value or {} for name, value in own.items()}}
    if short and "scale" not in data:
        data["scale"] = SHORT.model_dump()
    if seeds or "seeds" not in data:
        data["seeds"] = tuple(range(1, (seeds or (1 if short else CLAIM)) + 1))
    return planned(data)


def _tell(plan: "GainPlan", where: Path, say: Any) -> None:
    """What the study will take, before it takes it."""
    from noria.studies.gain.pieces import estimate, pieces

    every = list(pieces(plan, where))
    counts, seconds = Counter[str](), Counter[str]()
    for one in every:
        counts[one.kind] += 1
        seconds[one.kind] += round(estimate(plan, one))
    names = {"warm": "warm starts", "loop": "sessions", "ceiling": "ceilings", "test": "tests"}
    parts = ", ".join(f"{counts[kind]} {names[kind]} ({seconds[kind] / 60:.0f} min)" for kind in names)
    done = sum(one.done for one in every)
    asked = (plan.scale.items + plan.scale.levels) * len(plan.learned) + plan.scale.unseen
    say(
        f"{len(every)} pieces in {where}, {done} of them finished: {parts}; in all about "
        f"{sum(seconds.values()) / 3600:.1f} hours on two cores, no piece over "
        f"{max(estimate(plan, one) for one in every) / 60:.0f} min"
    )
    say(
        f"Arms: {', '.join(plan.arms)}; seeds {', '.join(map(str, plan.seeds))}; about {asked} test items; "
        "no tokens are paid for: every policy is served here"
        + (", but for the teacher's" if "distilled" in plan.arms else "")
    )


def _command(short: bool, seeds: int, arms: list[str], teacher: str, model: str, config: Path | None, dry: bool) -> str:
    said = ["noria study gain", *(["--short"] if short else []), f"--seeds {seeds}", *(f"--arm {one}" for one in arms)]
    said += [f"--teacher {teacher} --teacher-model {model}"] if teacher else []
    said += [f"--config {config}"] if config else []
    return " ".join([*said, *(["--dry-run"] if dry else [])])
