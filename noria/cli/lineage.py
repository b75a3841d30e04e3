"""`noria why`, `descendants`: the story of a thing, and what follows from it."""

import json
from typing import Annotated, Any

import typer

from noria.cli.main import AsJson, Session, app, out
from noria.cli.reading import history
from noria.memory.account import account
from noria.memory.history import History
from noria.memory.lineage import Descent, Kin, descend, kin
from noria.memory.lineage import told as stories
from noria.memory.naming import Named, named
from noria.memory.withdrawals import Withdrawals
from noria.viewer.story import counted, many, story

Id = Annotated[
    str, typer.Argument(help="A sample, episode, policy, verifier or exam; a beginning that tells it apart will do.")
]


@app.command()
def why(session: Session, key: Id, as_json: AsJson = False) -> None:
    """Tell the story of a sample, a refusal, a policy, a verifier or an exam, in plain words."""
    with history(session) as told:
        found = account(told, named(told, key))
    if as_json:
        typer.echo(json.dumps(found))
        return
    for line in story(found):
        out.print(line, markup=False)


@app.command()
def descendants(session: Session, key: Id, as_json: AsJson = False) -> None:
    """Show what follows from a sample, an episode, a policy or a verifier: who learned, what they wrote, and so on."""
    with history(session) as told:
        thing = named(told, key, ("sample", "episode", "policy", "verifier"))
        family = kin(told)
        found = _descent(told, family, thing)
        body = _body(told, family, found, thing)
    if as_json:
        typer.echo(json.dumps(body))
        return
    for line in _lines(body):
        out.print(line, markup=False)


def _descent(told: History, family: Kin, thing: Named) -> Descent:
    if thing.kind == "policy":
        return descend(family, policies=[thing.id])
    if thing.kind == "sample":
        return descend(family, samples=[thing.id])
    chosen = [row.id for row in stories(told) if thing.id in (row.story.episode, *row.story.verifiers)]
    return descend(family, samples=chosen)


def _body(told: History, family: Kin, found: Descent, thing: Named) -> dict[str, Any]:
    """The tree as JSON: the root, and below each policy those that learned from what it wrote."""
    names = {one.id: one.name for one in told.policies()}
    tainted = Withdrawals(told.ledger).tainted()

    def domains(numbers: list[int]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for at in numbers:
            counts[family.domains[at]] = counts.get(family.domains[at], 0) + 1
        return dict(sorted(counts.items()))

    def below(policy: str) -> list[dict[str, Any]]:
        return [
            {
                "policy": names.get(step.policy, step.policy), "id": step.policy, "learned": step.learned,
                "wrote": len(step.wrote), "by_domain": domains(step.wrote),
                "samples": [family.samples[at] for at in step.wrote],
                "tainted": step.policy in tainted, "then": below(step.policy),
            }
            for step in found.steps if step.after == policy
        ]  # fmt: skip

    samples = found.samples()
    return {
        "kind": thing.kind, "id": thing.id, "name": thing.name,
        "roots": [family.samples[at] for at in found.roots], "then": below(""),
        "counts": {
            "samples": len(samples), "by_domain": domains(samples), "policies": len(found.steps),
            "swayed": len(found.swayed), "shown": len(found.shown),
            "withdrawn": len(Withdrawals(told.ledger).among([family.samples[at] for at in samples])),
        },
        "swayed": [family.samples[at] for at in found.swayed],
        "shown": [family.samples[at] for at in found.shown],
    }  # fmt: skip


def _lines(body: dict[str, Any]) -> list[str]:
    counts = body["counts"]
    head = body["name"] + (f" ({many(len(body['roots']), 'sample')})" if len(body["roots"]) > 1 else "")
    lines = [head] if body["kind"] != "policy" else []
    lines += _branches(body["then"], "", body["kind"] == "policy")
    if not counts["policies"]:
        lines.append("  nobody has learned from it")
    total = f"{many(counts['samples'], 'sample')} in all ({counted(counts['by_domain'])})"
    policies = f"{counts['policies']} {'policy' if counts['policies'] == 1 else 'policies'}"
    lines += ["", f"{total}, {policies}; {counts['withdrawn']} of the samples are withdrawn."]
    if counts["swayed"]:
        lines.append(
            f"Apart from these, {many(counts['swayed'], 'sample')} only had one of them as critic, adversary or judge."
        )
    if counts["shown"]:
        lines.append(f"Apart from these, {many(counts['shown'], 'sample')} only had one of these shown as a neighbour.")
    return lines


def _branches(steps: list[dict[str, Any]], indent: str, top: bool = False) -> list[str]:
    lines: list[str] = []
    for at, step in enumerate(steps):
        last = at == len(steps) - 1
        learned = f" learned from {step['learned']} of them;" if step["learned"] else "" if top else " grew from it;"
        mark = " (tainted)" if step["tainted"] else ""
        wrote = f"wrote {many(step['wrote'], 'sample')}" + (f" ({counted(step['by_domain'])})" if step["wrote"] else "")
        lead = "" if top else f"{indent}{'└─' if last else '├─'} "
        lines.append(f"{lead}{step['policy']}{mark}{learned} {wrote}")
        lines += _branches(step["then"], indent + ("" if top else "   " if last else "│  "))
    return lines
