"""A session's accepted data as a folder that `datasets.load_dataset` opens and a trainer takes.

    ledger ─► chain verified ─► groups, sides ─► cases ─┬─ chosen, clean ─► rows of each format ─► data/
                                                        └─ else counted, by why
    data/ read again ─► proof ─► README.md · figures/ · prompts/ · session.yaml · noria.json ─► one rename

The session is read twice, a page at a time: once to group its tasks, once to write. The same
session, choice and libraries give the same bytes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from noria.errors import SessionError, storage
from noria.evaluators.contamination import Item, Kept
from noria.identity import digest
from noria.memory import reviews
from noria.memory.history import History
from noria.memory.rulings import unruled
from noria.memory.steps import Steps
from noria.memory.verification import Verified, verify
from noria.memory.withdrawals import Withdrawals
from noria.prompts.lookup import PACKAGED
from noria.training.export import facts
from noria.training.export.cases import Case, cases
from noria.training.export.choice import Choice, Format
from noria.training.export.columns import columns
from noria.training.export.composition import Composition
from noria.training.export.describing import described
from noria.training.export.files import Container, Files, must_write
from noria.training.export.leaks import Proof, prove
from noria.training.export.manifest import Export, beside, may_become, stand
from noria.training.export.rows import Place, Row, rows, texts
from noria.training.export.splitting import Split, apart, asked, split
from noria.types import Episode, Json, Sample


@dataclass(frozen=True, slots=True)
class Inspection:
    """What every text is looked at for before it leaves."""

    stain: Callable[[Sample, Episode], str] = lambda sample, episode: ""
    """Why a sample may not be learned, in a word or two; empty where it may."""
    screen: Callable[[str], str] = lambda text: ""
    """The kind of secret, personal data or toxic word that stands in a text; empty where none does."""
    kept: Callable[[list[Item]], Kept] = Kept
    """Makes of items what a text is compared with."""
    kinds: tuple[str, ...] = ()
    """What texts are screened for."""
    exam_items: int = 0
    """Items of the session's exams that samples are compared with, in other words too."""
    benchmark_items: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written, and how."""

    to: Path
    session: Path
    """The session's folder; its name alone is written down."""
    formats: tuple[Format, ...]
    container: Container = "jsonl"
    choice: Choice = field(default_factory=Choice)
    held_out: float = 0.1
    title: str = ""
    licence: str = ""
    language: tuple[str, ...] = ()
    force: bool = False


SHOWS = "its prompt shows a held-out task"

Drawing = Callable[[Mapping[str, Json]], Mapping[str, str]]
"""Draws figures, name to SVG, from what is counted (`Written.counted`)."""


@dataclass
class Written:
    """What came of an export."""

    order: Order
    export: Export | None = None
    chain: Verified = field(default_factory=lambda: Verified(0, ""))
    rows: dict[Format, dict[str, int]] = field(default_factory=dict)
    composition: Composition = field(default_factory=Composition)
    left: Counter[str] = field(default_factory=Counter)
    """What was left out, by why."""
    split: Split = field(default_factory=lambda: Split(0.0))
    proof: Proof = field(default_factory=Proof)


def write(
    history: History, order: Order, look: Inspection, draw: Drawing = lambda counted: {},
    tell: Callable[[int], None] = lambda tasks: None,
) -> Written:  # fmt: skip
    """Write a dataset's folder; what stands there afterwards is whole, and nothing where this raises.

    `tell` hears how many tasks were read so far.

    Raises:
        ConfigError: the folder may not be replaced, or a library is missing.
        SessionError: the session's chain is broken, nothing passes the choice, or the split leaks.
        RunError: the disk is full.
    """
    must_write(order.container)
    may_become(order.to, force=order.force)
    done = Written(order, chain=verify(history.ledger))
    done.split = split(history.each(role="solver", withdrawn=True), order.held_out)
    apart(done.split, lambda: history.each(role="solver", withdrawn=True), look.kept)
    with beside(order.to) as place:
        paths = _data(history, place, done, look, tell)
        if not any(done.rows.values()):
            why = ", ".join(f"{why}: {count}" for why, count in done.left.most_common()) or "nothing was accepted yet"
            raise SessionError(f"Nothing is left to write ({why}).", mend="Widen the filters, or play on.")
        exam = [one.task.instruction for held in history.exams() for one in history.exam_items(held.round)]
        done.proof = prove([(side, place / path) for sides in paths.values() for side, path in sides.items()], exam)
        if not done.proof.holds:
            raise SessionError(
                f"The split leaks: {done.proof.sentence}", mend="This is a fault of Noria's; please report it."
            )
        _beside_the_rows(history, place, done, look, paths, draw)
        told = {
            "formats": {form: done.rows[form] for form in order.formats},
            "choice": order.choice.model_dump(mode="json"), "held_out": order.held_out, "licence": order.licence,
            "left": dict(sorted(done.left.items())),
            "split": {"groups": len(done.split.names), "held_out": len(done.split.held), "moved": done.split.moved},
            "proof": {"train": done.proof.train, "test": done.proof.test, "said": done.proof.sentence},
            "templates": sorted(done.composition.templates),
        }  # fmt: skip
        made = Export(
            kind="dataset", session=order.session.name, samples=done.chain.samples, head=done.chain.head, told=told
        )
        done.export = stand(place, order.to, made, force=order.force)
    return done


def _data(
    history: History, place: Path, done: Written, look: Inspection, tell: Callable[[int], None]
) -> dict[Format, dict[str, str]]:
    """Write the rows of every format; returns of each side the file's path, below `place`."""
    order, choice = done.order, done.order.choice
    beaten = history.quarantined()
    names = {policy.id: policy.name for policy in history.policies()}
    seen: dict[Format, set[str]] = {form: set() for form in order.formats}
    held = _shown(history, done.split) if "generator" in choice.roles else {}
    purged, waiting = Withdrawals(history.ledger), _waiting(history)
    for role in choice.roles:
        done.left["withdrawn by a purge"] += purged.count(role)
        if not choice.quarantined:
            standing = history.count(role=role) - history.count(role=role, without=beaten)
            done.left["resting on a quarantined verifier alone"] += standing
    with ExitStack() as stack:
        with storage(place):
            (place / "data").mkdir()
        files = {
            form: stack.enter_context(Files(place / "data", form, order.container, columns(form)))
            for form in order.formats
        }
        read = cases(history, without=() if choice.quarantined else beaten, rounds=choice.rounds)
        for number, case in enumerate(read, 1):
            tell(number)
            for role in choice.roles:
                sample = case.sample(role)
                if sample is None:
                    continue
                story = sample.provenance
                side = done.split.side(story.episode)
                why = "waiting for a person's ruling" if story.episode in waiting else ""
                if why := why or _barred(case, sample, choice, look, names, held if side == "train" else {}):
                    done.left[why] += 1
                    continue
                where = Place(side, done.split.group(story.episode), names, story.verifier in beaten)
                done.composition.add(sample, side, where.name(story.policy))
                for form in order.formats:
                    for row in rows(form, case, sample, where):
                        if why := _unfit(row, look, seen[form] if choice.dedup else None):
                            done.left[f"{form}: {why}"] += 1
                        else:
                            files[form].add(side, row)
    done.left = +done.left
    done.rows = {form: dict(sorted(one.rows.items(), reverse=True)) for form, one in files.items()}
    return {
        form: {side: str(one.path(side).relative_to(place)) for side in done.rows[form]}
        for form, one in files.items() if one.rows
    }  # fmt: skip


def _barred(
    case: Case, sample: Sample, choice: Choice, look: Inspection, names: Mapping[str, str], held: Mapping[str, str]
) -> str:
    """Why a sample is not written; empty where it is."""
    policy, warrant = sample.provenance.policy, sample.provenance.warrant
    if warrant == "unverified":
        return "unverified: of the control arm of a study"
    if choice.warrant not in ("all", warrant):
        return "judged, not verified" if warrant == "judged" else "verified, and only what is judged was asked for"
    if not choice.takes(sample, case.episode, names.get(policy, policy)):
        return "not chosen by the filters"
    if stain := look.stain(sample, case.episode):
        return stain
    if sample.role == "generator" and held.keys() & set(sample.provenance.neighbours):
        return SHOWS
    prompt = " ".join(one.content for one in sample.messages[:-1]) if held and sample.role == "generator" else ""
    return SHOWS if prompt and any(text in prompt for text in held.values()) else ""


def _waiting(history: History) -> set[str]:
    """The episodes whose samples nobody has approved yet: every one where a person is asked first, else the routed."""
    waiting = [*reviews.held(history)]
    if facts.config(history).approve.samples:
        waiting += [one for number, *_ in history.rounds() for one in unruled(history, number)]
    return {one.provenance.episode for one in history.loaded(waiting)}


def _shown(history: History, found: Split) -> dict[str, str]:
    """What is asked by each sample that is held out: a proposal whose prompt shows it would leak it into train."""
    solved = history.each(role="solver", withdrawn=True)
    return {one.id: asked(one) for one in solved if found.side(one.provenance.episode) == "test"}


def _unfit(row: Row, look: Inspection, seen: set[str] | None) -> str:
    """Why a row is not written; empty where it is. `seen` are the rows so far, where none is to be said twice."""
    said = list(texts(row))
    if "text" in row and not row["text"]:
        return "its words hold a control token of ChatML"
    for text in said:
        if not _storable(text):
            return "its text is no Unicode that a file could hold"
        if kind := look.screen(text):
            return f"its text holds {kind}"
    if seen is not None:
        key = digest("\n".join([*(" ".join(text.split()).casefold() for text in said), str(row.get("label", ""))]))[:16]
        if key in seen:
            return "it repeats an earlier row"
        seen.add(key)
    return ""


def _storable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _beside_the_rows(
    history: History, place: Path, done: Written, look: Inspection, paths: Mapping[Format, Mapping[str, str]],
    draw: Drawing,
) -> None:  # fmt: skip
    """Write what stands beside the rows: the card with its figures, the prompts' texts, the session's config."""
    counted = done.composition.counted() | {
        "funnel": history.funnel(), "reasons": history.reasons(), "exams": facts.exams(history),
        "pretended": facts.pretended(history),
    }  # fmt: skip
    figures = draw(counted)
    with storage(place):
        for name, drawing in figures.items():
            (place / "figures").mkdir(exist_ok=True)
            (place / "figures" / f"{name}.svg").write_text(drawing, encoding="utf-8")
        own = facts.stripped(facts.config(history))
        (place / "session.yaml").write_text(yaml.safe_dump(own, sort_keys=False, allow_unicode=True), encoding="utf-8")
        found = prompts(history, done.composition.templates, (done.order.session / "prompts", PACKAGED))
        for version, text in found.items():
            (place / "prompts").mkdir(exist_ok=True)
            (place / "prompts" / f"{version}.md").write_text(text, encoding="utf-8")
        lost = sorted(done.composition.templates - found.keys())
        (place / "README.md").write_text(described(history, done, look, paths, sorted(figures), lost), encoding="utf-8")


def prompts(history: History, versions: Iterable[str], folders: Iterable[Path]) -> dict[str, str]:
    """The texts of templates by their version (`name@hash`), as far as the ledger or a folder still holds them."""
    wanted, found = set(versions), Steps(history).texts(versions)
    for folder in folders:
        for path in sorted(folder.glob("*.md")):
            text = path.read_text(encoding="utf-8", errors="replace")
            if (version := f"{path.stem}@{digest(text)[:12]}") in wanted:
                found.setdefault(version, text)
    return dict(sorted(found.items()))
