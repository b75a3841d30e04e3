"""A coreset of a session's accepted answers as one file: JSON lines of prompt and completion, as TRL reads them.

accepted answers ─► clean, standing ─► herded to `size` ─► FILE (aside, then renamed)
└► the same number of rows shown of each ─► two trainings that compare
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from noria.errors import ConfigError, SessionError, storage
from noria.identity import stream
from noria.memory.history import History
from noria.training.export.cases import cases
from noria.training.export.rows import chat
from noria.training.rows import Row
from noria.types import Episode, Sample


def standing(history: History, stain: Callable[[Sample, Episode], str], rounds: Sequence[int] = ()) -> list[Sample]:
    """The answers that may be learned: accepted, not withdrawn, on no beaten verifier alone, and clean."""
    return [
        case.answer
        for case in cases(history, without=history.quarantined(), rounds=rounds)
        if case.answer is not None and not stain(case.answer, case.episode)
    ]


def must_be_smaller(size: int, source: int, session: Path) -> None:
    """Refuse a coreset that is no smaller than its source.

    Raises:
        SessionError: nothing was accepted.
        ConfigError: it is not.
    """
    if not source:
        raise SessionError(f"The session {str(session)!r} has accepted nothing that may be learned.", mend="Play on.")
    if size >= source:
        raise ConfigError(
            f"A coreset of {size} is no smaller than its source, {source} answers of {str(session)!r}.",
            mend=f"Give --size a number below {source}, or `noria export` the whole.",
        )


def write(path: Path, samples: Sequence[Sample], names: dict[str, str], *, force: bool) -> None:
    """Write samples as rows; what stands there afterwards is whole. `names` are the policies' by id.

    Raises:
        ConfigError: something stands there and `force` was not given.
        SessionError: it cannot be written.
        RunError: the disk is full.
    """
    if path.is_dir() or (path.exists() and not force):
        raise ConfigError(f"{str(path)!r} is there already.", mend="--force replaces a file; or name another.")
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.part")
        with aside.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in _rows(samples, names))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)


def shown(samples: Sequence[Sample], count: int, name: str) -> tuple[Row, ...]:
    """`count` rows of some samples, each as often as the others but for one, in an order drawn by `name`."""
    order, rng = list(samples), stream(name, "shown")
    found: list[Sample] = []
    while len(found) < count:
        rng.shuffle(order)
        found += order[: count - len(found)]
    return tuple(_row(one) for one in found)


def _rows(samples: Sequence[Sample], names: dict[str, str]) -> Iterator[dict[str, object]]:
    for one in samples:
        *prompt, answer = one.messages
        story = one.provenance
        yield {
            "prompt": chat(*prompt), "completion": chat(answer), "id": one.id, "domain": story.domain,
            "skill": story.skill, "level": story.level, "source": story.source,
            "policy": names.get(story.policy, story.policy), "solve_rate": story.solve_rate,
            "verifier": story.verifier, "warrant": story.warrant,
        }  # fmt: skip


def _row(one: Sample) -> Row:
    *prompt, answer = one.messages
    return Row(prompt=tuple(prompt), completion=answer.content, source=one.provenance.source, sample=one.id)
