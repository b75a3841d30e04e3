"""`noria prompts`: templates read, checked, rendered, compared and tried before a session plays by them.

list · show · lint · diff          what there is, and what is wrong with it
render · try                       what a seat would be sent, and what it would reply
ab                                 two versions dealt at random in a session, and what each did
"""

import asyncio
import difflib
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from noria.cli.main import AsJson, app, err, out
from noria.cli.template_words import known, source
from noria.errors import ConfigError
from noria.viewer.text import printable

prompts = typer.Typer(help="Prompt templates: list, show, lint, render, diff, try, ab.", no_args_is_help=True)
app.add_typer(prompts, name="prompts")

Of = Annotated[Path | None, typer.Option("--session", "-s", help="The session's folder.")]
Word = Annotated[str, typer.Argument(metavar="TEMPLATE", help="A name, a file, NAME@HASH, or PLACE:NAME.")]

FAULTY = 2
"""Status where lint finds a fault."""


@prompts.command("list")
def list_templates(
    session: Annotated[
        Path | None, typer.Argument(help="A session; without one, what a new session would use.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The templates in force: version, where from, whose they are."""
    from noria.prompts import Templates
    from noria.prompts.fields import SEATS

    with known(session) as here:
        packaged = Templates()
        found: list[dict[str, Any]] = [
            {
                "name": name, "version": version, "from": here.origin(name), "seat": SEATS[name],
                "changed": version != packaged[name].version, "inputs": sorted(here.templates[name].inputs),
                "description": here.templates[name].description,
            }
            for name, version in sorted(here.templates.versions().items())
        ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps(found))
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("template", "version", "from", "text", "asked of", "what it is for"):
        table.add_column(column, overflow="fold")
    for one in found:
        changed = "its own" if one["changed"] else "as packaged"
        cells = (one["name"], one["version"].partition("@")[2], one["from"], changed, one["seat"], one["description"])
        table.add_row(*(Text(printable(cell)) for cell in cells))
    out.print(table)


@prompts.command()
def show(template: Word, session: Of = None, as_json: AsJson = False) -> None:
    """One template's text, as it stands in its file."""
    with known(session) as here:
        one = here.find(template)
    if as_json:
        facts = {"name": one.name, "version": one.version, "path": str(one.path) if one.path else None}
        more = {"description": one.description, "inputs": sorted(one.inputs), "output": one.output}
        typer.echo(json.dumps({**facts, **more, "defaults": one.defaults, "text": one.text}))
        return
    err.print(f"{one.version}  {one.path or 'from the session'}", markup=False)
    out.print(printable(one.text.rstrip("\n")), markup=False)


@prompts.command()
def lint(
    where: Annotated[list[Path] | None, typer.Argument(metavar="[FILE|FOLDER|SESSION]...")] = None,
    as_json: AsJson = False,
) -> None:
    """All that is wrong with templates, with file, line and mend; status 2 where something is."""
    from noria.prompts.lint import linted

    files = _files(where or [])
    found = [(path, fault) for path in files for fault in linted(path)]
    faulty = any(not fault.warning for _, fault in found)
    if as_json:
        typer.echo(json.dumps([
            {"file": str(path), "line": one.line, "what": one.what, "mend": one.mend, "warning": one.warning}
            for path, one in found
        ]))  # fmt: skip
    else:
        for path, one in found:
            kind = "warning: " if one.warning else ""
            out.print(printable(f"{path}:{one.line}: {kind}{one}"), markup=False)
        wrong = sum(not one.warning for _, one in found)
        out.print(f"{len(files)} templates, {wrong} faults, {len(found) - wrong} warnings", markup=False)
    if faulty:
        raise typer.Exit(FAULTY)


def _files(where: list[Path]) -> list[Path]:
    """The template files of some places; of nowhere, those that a new session would begin with.

    Raises:
        ConfigError: a place is not there, or holds no template.
    """
    from noria.prompts import Templates
    from noria.prompts.fields import FIELDS
    from noria.prompts.lookup import FOLDER, places

    found: list[Path] = []
    for path in where:
        if path.is_file():
            found.append(path)
            continue
        if not path.is_dir():
            raise ConfigError(f"There is no file or folder {str(path)!r}.")
        folder = path / FOLDER if (path / FOLDER).is_dir() else path
        mine = [one for one in sorted(folder.glob("*.md")) if one.stem in FIELDS or _fronted(one)]
        if not mine:
            raise ConfigError(f"The folder {str(path)!r} holds no template (*.md).")
        found += mine
    if not where:
        here = list(Templates(()).places.values())
        here = [*places().values(), *here]
        found = [next(f / f"{name}.md" for f in here if (f / f"{name}.md").is_file()) for name in sorted(FIELDS)]
    return found


def _fronted(path: Path) -> bool:
    """Whether a file of another name has front matter; a README beside the templates has none."""
    with path.open("rb") as file:
        return file.read(6).removeprefix(b"\xef\xbb\xbf").startswith(b"---")


@prompts.command()
def diff(
    a: Word,
    b: Annotated[
        str, typer.Argument(metavar="[TEMPLATE]", help="Without it, the package's stands before the first.")
    ] = "",
    session: Of = None,
    as_json: AsJson = False,
) -> None:
    """What changed from one version to another."""
    with known(session) as here:
        one = here.find(a)
        old, new = (one, here.find(b)) if b else (here.find(f"package:{one.name}"), one)
    a, b = (f"{side.version} ({side.path or 'session'})" for side in (old, new))
    lines = list(difflib.unified_diff(old.text.splitlines(), new.text.splitlines(), a, b, lineterm=""))
    if as_json:
        typer.echo(json.dumps({"a": old.version, "b": new.version, "same": old.text == new.text, "diff": lines}))
        return
    for line in lines:
        out.print(Text(printable(line), style=_colour(line)))
    if not lines:
        out.print(f"Both are {old.version}.", markup=False)


def _colour(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")


@prompts.command()
def render(
    template: Word,
    session: Of = None,
    episode: Annotated[str, typer.Option("--episode", help="An episode of the session: its real values.")] = "",
    field: Annotated[
        list[str] | None, typer.Option("--field", "-f", help="KEY=VALUE; again for another value of a list.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The prompt that a template makes: of a real episode, of given fields, or of examples."""
    if episode and session is None:
        raise ConfigError("Which session dealt this episode?", mend="Name it with --session.")
    with known(session) as here:
        one = here.find(template)
    said = asyncio.run(_real(session, one, episode, _given(field))) if session else _example(one, _given(field))
    if as_json:
        typer.echo(json.dumps({"template": one.version, **said}))
        return
    err.print(printable(f"{one.version}, {said['of']}"), markup=False)
    for message in said["messages"]:
        out.print(f"{message['role']}:", style="bold", markup=False)
        out.print(printable(message["content"]), markup=False)


def _given(words: list[str] | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in words or []:
        key, equals, value = word.partition("=")
        if not equals:
            raise ConfigError(f"--field takes KEY=VALUE, not {word!r}.")
        found.setdefault(key.strip(), []).append(value)
    return found


def _typed(fields: dict[str, Any], given: dict[str, list[str]]) -> dict[str, Any]:
    """Given words as the fields hold them: a list takes them all, a text the last."""
    return fields | {
        key: values if isinstance(fields.get(key), list | tuple) else values[-1] for key, values in given.items()
    }


def _example(one: Any, given: dict[str, list[str]]) -> dict[str, Any]:
    from noria.prompts.lint import examples

    sent = one.render(_typed(examples(one), given))
    return {"of": "rendered with examples", "messages": [message.model_dump() for message in sent]}


async def _real(session: Path, one: Any, episode: str, given: dict[str, list[str]]) -> dict[str, Any]:
    from noria.errors import SessionError
    from noria.graphs.rehearsing import rehearsal

    with source(session) as (found, _), known(session) as here:
        questions = found.questions(one.name, episode)
        question = await anext(questions, None)
        await questions.aclose()
        if question is None:
            asked = f"episode {episode!r}" if episode else "session"
            raise SessionError(f"The {asked} never asked with {one.name!r}.", mend="Leave --session out for examples.")
        told = rehearsal.sheet(found, here.templates, question)
        values = _typed({**question.ask.fields, **({"notes": told.notes} if "notes" in one.inputs else {})}, given)
    sent = [message.model_dump() for message in one.render(values)]
    return {"of": f"as {question.dealt.episode} asks", "episode": question.dealt.episode, "messages": sent}


@prompts.command("try")
def try_out(
    template: Annotated[str, typer.Argument(metavar="FILE", help="The template to try: a file, or another version.")],
    session: Annotated[Path, typer.Option("--session", "-s", help="The session whose seeds are asked.")],
    count: Annotated[int, typer.Option("-n", min=1, max=64, help="Seeds to ask.")] = 4,
    endpoint: Annotated[
        str, typer.Option("--endpoint", help="An address, or an endpoint of the session's config.")
    ] = "",
    model: Annotated[str, typer.Option("--model", help="The name served there.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask a puppet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask real seeds of a session with a template and with the one in force, side by side; nothing is written."""
    from noria.cli.rehearsed import as_rows, print_pairs

    if endpoint and dry_run:
        raise ConfigError("Either an endpoint is asked, or a puppet.", mend="Leave out --endpoint or --dry-run.")
    pairs, who = asyncio.run(_tried(template, session, count, endpoint, model, dry_run=dry_run))
    if as_json:
        typer.echo(json.dumps({"asked": who, **as_rows(pairs)}))
    else:
        print_pairs(out, pairs, who)


async def _tried(
    word: str, session: Path, count: int, named: str, model: str, *, dry_run: bool
) -> tuple[list[Any], str]:
    from noria.graphs.rehearsing import asked, rehearsal

    with known(session) as here, source(session) as (found, pretended):
        new = here.find(word)
        questions = await rehearsal.chosen(found, new.name, count)
        if named:
            whom = asked.endpoint(found, named, model)
        else:
            whom = asked.puppet() if dry_run or pretended else asked.seated(found, questions[0])
        old, told = here.templates[new.name], lambda one: rehearsal.sheet(found, here.templates, one).notes
        try:
            pairs = await rehearsal.rehearse(found, whom.client, whom.model, questions, old, new, told)
        finally:
            await whom.client.close()
    return pairs, whom.said


@prompts.command()
def ab(
    words: Annotated[list[str], typer.Argument(metavar="SESSION | NAME A B", help="A session to report, or a trial.")],
    session: Of = None,
    by: Annotated[str, typer.Option("--by", help="What is dealt an arm: episode, or round.")] = "episode",
    stop: Annotated[str, typer.Option("--stop", metavar="TRIAL", help="End a trial, by its id or its template.")] = "",
    keep: Annotated[str, typer.Option("--keep", help="With --stop: a or b becomes the session's template.")] = "",
    report: Annotated[bool, typer.Option("--report", help="Report the trials of the session.")] = False,
    as_json: AsJson = False,
) -> None:
    """Deal two versions of a template at random within a session, or report what each did."""
    from noria.cli.trials import begin, end, reported

    if stop:
        end(_the_session(words, session), stop, keep, as_json=as_json)
    elif len(words) == 3 and not report:
        if session is None:
            raise ConfigError("Which session is to play both?", mend="Name it with --session.")
        begin(session, words, by, as_json=as_json)
    else:
        reported(_the_session(words, session), as_json=as_json)


def _the_session(words: list[str], session: Path | None) -> Path:
    if session is None and len(words) != 1:
        raise ConfigError("`noria prompts ab` takes SESSION, or NAME A B with --session.")
    return session or Path(words[0])
