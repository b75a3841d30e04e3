"""`noria study`: is it worth it? The same session played several ways, and what that shows."""

import json
from pathlib import Path
from typing import Annotated

import typer

from noria.cli.main import AsJson, app, err, out
from noria.errors import ConfigError

studies = typer.Typer(help="Play a recipe several ways and compare: what does a part of it do?", no_args_is_help=True)
app.add_typer(studies, name="study")


@studies.command()
def ablation(
    recipe: Annotated[str, typer.Option("--recipe", "-r", help="A recipe by name, or a config's path.")],
    without: Annotated[
        list[str] | None, typer.Option("--without", "-w", help="A method to leave out; give it once a method.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Sessions of each arm.", min=1, max=50)] = 3,
    settings: Annotated[
        list[str] | None, typer.Option("--set", "-s", help="Set a key of the recipe, such as play.episodes=40.")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--out", "-o", help="Where its sessions and its table go.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Puppets instead of models.")] = False,
    as_json: AsJson = False,
) -> None:
    """Play a recipe with and without some of its methods, on the same budget, and write a table with intervals.

    A study that was left is gone on with by the same command: sessions that finished are not played again.
    """
    from noria.memory.embed import StaticEmbedder
    from noria.studies import recipes
    from noria.studies.arms import Plan, arms
    from noria.studies.comparing import compare
    from noria.studies.measures import measure
    from noria.studies.planned import keep
    from noria.studies.playing import PLAN, pieces, play
    from noria.studies.writing import machine, page, report, write

    data, config, place = recipes.read(recipe, settings or ())
    plan = Plan(
        recipe=Path(recipe).stem, folder=str(place), config=data, settings=tuple(settings or ()),
        arms=arms(config, without or (), recipe), seeds=tuple(range(1, seeds + 1)), dry=dry_run,
    )  # fmt: skip
    where = folder or Path("studies") / f"ablation-{plan.recipe}"
    for arm in plan.arms:
        plan.parsed(arm, plan.seeds[0], where / "session")
    keep(plan, where / PLAN)
    console = err if as_json else out
    episodes, rounds = config.play.episodes, config.stop.rounds
    count = len(plan.arms) * len(plan.seeds)
    console.print(
        f"{count} sessions ({len(plan.arms)} arms, {len(plan.seeds)} seeds) of {rounds} round{'s' * (rounds != 1)} by "
        f"{episodes} episodes, one after another, in {where}",
        markup=False,
    )
    failed = play(plan, where, lambda said: console.print(said, markup=False))
    found = [measure(one.arm.name, one.seed, one.session) for one in pieces(plan, where) if one.finished]
    if not found:
        raise ConfigError(f"No session of the study came to its end: {'; '.join(failed.values())}.")
    compared = compare(found, [arm.name for arm in plan.arms], StaticEmbedder())
    told = report(plan, found, compared, failed, machine())
    lines = page(plan, compared, told, _command(recipe, without or [], seeds, settings or [], dry=dry_run))
    paths = write(where, told, lines)
    if as_json:
        typer.echo(json.dumps(told))
    else:
        out.print("\n".join(lines).replace("<br>", " "), markup=False)
        out.print(f"Written: {paths[0]}, {paths[1]}", markup=False)


def _command(recipe: str, without: list[str], seeds: int, settings: list[str], *, dry: bool) -> str:
    said = ["noria study ablation", f"--recipe {recipe}", *(f"--without {one}" for one in without), f"--seeds {seeds}"]
    return " ".join([*said, *(f"--set {one}" for one in settings), *(["--dry-run"] if dry else [])])
