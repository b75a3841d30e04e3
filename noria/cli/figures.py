"""`noria funnel`, `cost`, `policies`, `exams`: a session in figures."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.table import Table

from noria.cli import filters
from noria.cli.live import demand_lines, exam_line
from noria.cli.main import AsJson, Session, app
from noria.cli.paging import NoPager, drawn, fitted, show
from noria.cli.reading import history
from noria.errors import SessionError
from noria.memory.catalogue import Catalogue, catalogue
from noria.types import Stage
from noria.viewer.text import printable

Price = Annotated[float | None, typer.Option(min=0, help="What a million of these tokens costs, in your currency.")]

MILLION = 1_000_000


def _table(*columns: str, texts: int = 1, title: str = "") -> Table:
    """A table of some columns of words and then figures, narrow enough for 80 columns."""
    table = Table(title=title or None, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
    for at, column in enumerate(columns):
        table.add_column(column, justify="left" if at < texts else "right", overflow="fold")
    return table


@app.command()
def funnel(
    session: Session,
    number: filters.Round = None,
    domain: filters.Domain = "",
    level: filters.Level = None,
    as_json: AsJson = False,
    no_pager: NoPager = False,
) -> None:
    """How many episodes reached each stage, by round and by domain, and why the others did not."""
    flags = {"round": number, "domain": domain, "level": level}
    with catalogue(session) as found:
        chosen = filters.Filter("episodes").given(**flags)
        count = chosen.count(found)
        counted = "SELECT round, domain, stage, outcome, reason, count(*) AS episodes FROM episodes"
        rows = found.rows(f"{counted} {chosen.sql} GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2", chosen.values)
    rounds, domains = _reached(rows, "round"), _reached(rows, "domain")
    reasons = _reasons(rows)
    if as_json:
        typer.echo(json.dumps({"episodes": count, "rounds": rounds, "domains": domains, "reasons": reasons}))
        return
    tables: list[Table | str] = []
    for name, parts in (("round", rounds), ("domain", domains)):
        table = _table(name, *(stage.value.replace("_", " ") for stage in Stage))
        for part in parts:
            table.add_row(str(part[name]), *(str(part[stage.value]) for stage in Stage))
        tables += [table, ""]
    table = _table("turned away", "after", "episodes", "share", texts=2)
    for one in reasons:
        share = f"{one['episodes'] / count:.1%}" if count else ""
        table.add_row(one["reason"], one["stage"].replace("_", " "), str(one["episodes"]), share)
    show(drawn(*tables, table, f"{count} episodes"), paged=not no_pager)


def _reached(rows: Sequence[Any], name: str) -> list[dict[str, Any]]:
    """For each round or domain, how many episodes came at least as far as each stage."""
    found: dict[Any, dict[str, Any]] = {}
    stages = [stage.value for stage in Stage]
    for row in rows:
        part = found.setdefault(row[name], {name: row[name], **dict.fromkeys(stages, 0)})
        for stage in stages[: stages.index(row["stage"]) + 1]:
            part[stage] += row["episodes"]
    return list(found.values())


def _reasons(rows: Sequence[Any]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if row["outcome"] != "accepted":
            names = {name: row[name] for name in ("reason", "outcome", "stage")}
            one = found.setdefault((row["reason"], row["stage"]), {**names, "episodes": 0})
            one["episodes"] += row["episodes"]
    return sorted(found.values(), key=lambda one: (-one["episodes"], one["reason"], one["stage"]))


@app.command()
def cost(
    session: Session,
    policy: Annotated[str, typer.Option("--policy", help="Only the calls of this policy (name or id).")] = "",
    number: Annotated[int | None, typer.Option("--round", help="Only the stages of this round.")] = None,
    price_prompt: Price = None,
    price_completion: Price = None,
    as_json: AsJson = False,
    no_pager: NoPager = False,
) -> None:
    """Tokens and seconds of each seat and stage, for each accepted sample, and in money where you give prices."""
    prices = (price_prompt or 0.0, price_completion or 0.0)
    priced = price_prompt is not None or price_completion is not None
    with catalogue(session) as found:
        body = _cost(found, policy, number)
    for one in (*body["seats"], *body["stages"], body["total"]):
        if priced:
            tokens = (one["prompt_tokens"], one["completion_tokens"])
            one["money"] = round(sum(a * b for a, b in zip(tokens, prices, strict=True)) / MILLION, 6)
    total, accepted = body["total"], body["accepted"]
    if accepted:
        kinds = ("prompt_tokens", "completion_tokens", *(("money",) if priced else ()))
        body["a_sample"] = {name: round(total[name] / accepted, 6) for name in kinds}
    if as_json:
        typer.echo(json.dumps(body))
        return
    money = ("money",) if priced else ()
    seats = _table("seat", "policy", "calls", "prompt", "completion", "call s", *money, texts=2)
    for one in body["seats"]:
        seats.add_row(one["role"], one["policy"], f"{one['calls']:,}", *_spent(one, priced))
    stages = _table("round", "stage", "prompt", "completion", "wall s", *money, texts=2)
    for one in body["stages"]:
        stages.add_row(str(one["round"]), one["stage"], *_spent(one, priced))
    all_of = f"{total['calls']:,} calls, {total['prompt_tokens']:,} + {total['completion_tokens']:,} tokens"
    said = [f"In all: {all_of}" + (f", {total['money']:,.2f} in money" if priced else "")]
    if each := body.get("a_sample"):
        cash = f", {each['money']:.6f} in money" if priced else ""
        per = f"{each['prompt_tokens']:,.0f} + {each['completion_tokens']:,.0f} tokens"
        said.append(f"An accepted sample ({accepted:,} of them): {per}{cash}")
    show(drawn(seats, "", stages, "", *said), paged=not no_pager)


COST = "SELECT * FROM cost"


def _cost(found: Catalogue, policy: str, number: int | None) -> dict[str, Any]:
    chosen = "WHERE policy IN (SELECT name FROM policies WHERE id = :policy UNION SELECT :policy)" if policy else ""
    seats = [dict(row) for row in found.rows(f"{COST} {chosen}", {"policy": policy})]
    if policy and not seats:
        there = ", ".join(row[0] for row in found.rows("SELECT DISTINCT policy_name FROM turns"))
        raise SessionError(f"No call was made of the policy {policy!r}.", mend=f"There were calls of {there}.")
    query = (
        "SELECT round, stage, prompt_tokens, completion_tokens, seconds FROM stages "
        "WHERE :round IS NULL OR round = :round ORDER BY round, rowid"
    )
    stages = found.rows(query, {"round": number})
    names = ("calls", "prompt_tokens", "completion_tokens", "seconds")
    return {
        "seats": seats,
        "stages": [dict(row) for row in stages],
        "total": {name: sum(one[name] for one in seats) for name in names},
        "accepted": found.rows("SELECT count(*) FROM accepted")[0][0],
    }


def _spent(one: dict[str, Any], priced: bool) -> list[str]:
    figures = [f"{one['prompt_tokens']:,}", f"{one['completion_tokens']:,}", f"{one['seconds']:,.0f}"]
    return [*figures, *([f"{one['money']:,.4f}"] if priced else [])]


@app.command()
def policies(
    session: Session,
    name: Annotated[str, typer.Option("--policy", help="Only this one (name or id).")] = "",
    state: Annotated[str, typer.Option("--state", help="Only those in this state, such as promoted.")] = "",
    number: Annotated[int | None, typer.Option("--round", help="Only those trained in this round.")] = None,
    as_json: filters.Lines = False,
    no_pager: NoPager = False,
) -> None:
    """Every policy: what became of it, what it learned and wrote, and how it did in its exam."""
    with catalogue(session) as found:
        rows = [dict(row) for row in found.rows(POLICIES)]
    chosen = [
        one for one in rows
        if name in ("", one["name"], one["id"]) and state in ("", one["state"]) and number in (None, one["round"])
    ]  # fmt: skip
    if not chosen and rows:
        flag, value, key = next(
            (one for one in (("policy", name, "name"), ("state", state, "state")) if one[1]), ("round", number, "round")
        )
        there = ", ".join(dict.fromkeys(str(one[key]) for one in rows))
        raise SessionError(f"The session has no {flag} {value!r} of that kind.", mend=f"It has {there}.")
    for one in chosen:
        one["parents"], one["training"] = json.loads(one["parents"]), json.loads(one["training"])
    if as_json:
        show(map(json.dumps, chosen), paged=not no_pager)
        return
    table = _table("policy", "state", "round", "learned", "answers", "proposals", "exam", texts=2)
    for one in chosen:
        asked = one["items"]
        exam = f"{one['parent_right']} → {one['student_right']} of {asked}" if asked else "-"
        figures = (one["round"], one["learned"], one["answers"], one["proposals"])
        table.add_row(printable(one["name"]), one["state"], *map(str, figures), exam)
    show(drawn(table), paged=not no_pager)


POLICIES = """
    SELECT p.*, e.parent AS examined_against, e.items, e.parent_right, e.student_right, e.p_value, e.promoted, e.why,
        (SELECT count(*) FROM learned l WHERE l.policy = p.id) AS learned,
        (SELECT count(*) FROM samples s WHERE s.role = 'solver' AND s.policy_name = p.name) AS answers,
        (SELECT count(*) FROM samples s WHERE s.role = 'generator' AND s.policy_name = p.name) AS proposals
    FROM policies p LEFT JOIN exams e ON e.student = p.name ORDER BY p.round, p.name
"""


@app.command()
def exams(
    session: Session,
    number: Annotated[int | None, typer.Option("--round", help="Show the items of this round's exam.")] = None,
    policy: Annotated[str, typer.Option("--policy", help="Only those that this policy sat (name or id).")] = "",
    domain: Annotated[str, typer.Option("--domain", help="Only the items of this domain.")] = "",
    limit: Annotated[int | None, typer.Option("-n", "--limit", min=0, help="The last so many; 0 for all.")] = None,
    as_json: AsJson = False,
    no_pager: NoPager = False,
) -> None:
    """The exams: parent against student on the same fresh items (`noria exam` is the same)."""
    with history(session) as story:
        held, items = story.exams(), story.exam_items(number) if number else []
        names = {one.id: one.name for one in story.policies()}
    if policy:
        sat = [one for one in held if policy in {name for side in (one.parent, one.student)
                                                 for name in (side, names.get(side))}]  # fmt: skip
        if held and not sat:
            there = ", ".join(dict.fromkeys(names.get(one.student, one.student) for one in held))
            raise SessionError(f"No exam was sat by the policy {policy!r}.", mend=f"There are exams of {there}.")
        held = sat
    held = [one for one in held if number in (None, one.round)]
    held = held[-limit:] if limit else held
    items = [item for item in items if domain in ("", item.task.domain)]
    if as_json:
        body = [one.model_dump(mode="json") for one in held]
        typer.echo(json.dumps({"exams": body, "items": [item.model_dump(mode="json") for item in items]}))
        return
    lines = [] if held else ["No exam was held."]
    for one in held:
        lines.append(f"Round {one.round}: {exam_line(one)}")
        lines += [f"  {line}" for line in demand_lines(one)]
        for part in one.domains:
            worse = ", significantly worse" if part.significantly_worse else ""
            lines.append(f"  {part.domain}: {part.parent} -> {part.student} of {part.items}{worse}")
        for skill, (asked, before, after) in one.recovered.items():
            lines.append(f"  {skill}, missed before and asked anew: {before} -> {after} of {asked}")
    for item in items:
        marks = "".join("+" if passed else "-" for passed in (item.parent_passed, item.student_passed))
        lines.append(
            f"{marks}{'  (frozen)' * item.frozen}{'  (anew)' * bool(item.again)}  {printable(item.task.instruction)}"
        )
        said = f"parent: {printable(item.parent)!r}  student: {printable(item.student)!r}"
        lines.append(fitted(said, indent=6))
    show(lines, paged=not no_pager)


app.command("exam", hidden=True)(exams)
