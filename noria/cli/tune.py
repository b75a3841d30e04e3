"""`noria doctor --tune`: serve the student in a few ways, tell a table, and keep the fastest.

student ─► an adapter nobody trained ─► calibration (child servers) ─► table ─► kept in Noria's cache
                                                                                    │
`noria run`, where the config says nothing of `serve.student`, `dtype`, `threads` ◄─┘
"""

import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.table import Table

from noria.config import Serve, SessionConfig
from noria.errors import EndpointError
from noria.inference import tuned
from noria.inference.finding import Finding
from noria.inference.tuned import Choice, Served, Tried, Tuning
from noria.inference.vllm_server import installed, on_cpu
from noria.training.machine import MASK, probe_bfloat16
from noria.training.models import CARD, NAME, cache, resolve, weights_id
from noria.types import Policy


def kept() -> Path:
    """Where it is written down what was found."""
    return cache() / tuned.FILE


def here(rules: Serve, model: str) -> Choice | None:
    """What was found best here for a model, of what the config leaves open; none where nothing was."""
    found = tuned.found(kept(), model)
    return found.best(student=rules.student, dtype=rules.dtype, threads=rules.threads) if found else None


def settled(config: SessionConfig) -> SessionConfig:
    """The config of a session that begins: its students are served as was found best here, where it does not say.

    Merged in any case where they are to be rounded, for whole weights are. It is written into the config, for a session
    goes on as it began.
    """
    rules = config.serve
    if rules.student != "auto" or not config.needs_local():
        return config
    if "quantise" in config.methods.on():
        return _served(config, "merged")
    if not (kept().is_file() and _there(config.student)):
        return config
    best = here(rules, weights_id(resolve(config.student)))
    return config if best is None else _served(config, best.student)


def _served(config: SessionConfig, student: Served) -> SessionConfig:
    return config.model_copy(update={"serve": config.serve.model_copy(update={"student": student})})


def _there(student: str) -> bool:
    """Whether a student's weights are on the disk, so that nothing is fetched to look at them."""
    return (cache() / "models" / NAME / CARD).is_file() if student == "default" else Path(student).expanduser().is_dir()


def look(config: SessionConfig) -> Finding:
    """What is known of this machine, without serving anything."""
    how = "`noria doctor --tune` serves the student in a few ways and keeps the fastest."
    every = tuned.read(kept()).tunings
    model = weights_id(resolve(config.student)) if every and _there(config.student) else ""
    found = tuned.found(kept(), model)
    if found is None:
        return Finding("calibration", True, "none for this machine, vLLM and student", how)
    return Finding("calibration", True, f"{found.chosen} was fastest on {found.at[:10]}")


def tune(
    config: SessionConfig, say: Callable[[str], None], *, command: tuple[str, ...] = (), minutes: float = 10.0
) -> tuple[Tuning, Table]:
    """Calibrate, keep what was found, and give it back with a table of what was tried.

    `command` is served with instead of the installed vLLM; `minutes` is what the serving may take.

    Raises:
        ModelError: the student cannot be had.
        EndpointError: vLLM is not installed, or no way of serving worked.
        RunError: the adapter to measure with cannot be made.
    """
    from noria.inference.tuning import Terms, calibrate  # brings the whole client along
    from noria.training.untrained import untrained

    if not command:
        installed()
    folder = resolve(config.student)
    base = Policy(id=weights_id(folder), name="base", folder=str(folder.resolve()), student=True)
    trap = on_cpu() and probe_bfloat16().trap

    def told(one: Tried) -> None:
        one = _named(one) if trap else one
        say(f"{one.choice}: {one.why or f'{one.alone:.0f} tokens/s alone, {one.both:.0f} with a student'}")

    with tempfile.TemporaryDirectory(prefix="noria-tune-") as place:
        say("making an adapter to measure with")
        threads, out = os.cpu_count() or 1, Path(place) / "adapter"
        asyncio.run(untrained(folder, out, config.train.rank, threads=threads))
        terms = Terms(
            base, str(out), config.serve, Path(place) / "servers", rank=config.train.rank,
            environment=dict(MASK) if trap else {}, command=command, seconds=60 * minutes,
        )  # fmt: skip
        tried = asyncio.run(calibrate(terms, told))
    if trap:
        tried = tuple(_named(one) for one in tried)
    found = tuned.of(base.id, tried)
    if found is None:
        said = "; ".join(f"{one.choice}: {one.why}" for one in tried)
        raise EndpointError(f"The student cannot be served here in any way. {said}", mend="`noria doctor --serve`.")
    tuned.keep(kept(), found)
    return found, table(found)


def _named(one: Tried) -> Tried:
    """What was tried on a machine that traps on AMX, with that said where it is likely to be the reason."""
    if not one.why or one.choice.dtype != "bfloat16":
        return one
    return one.model_copy(update={"why": f"AMX is advertised here and traps: {one.why}"})


def table(found: Tuning) -> Table:
    """What was tried, the fastest first."""
    shown = Table(title=f"{found.machine}; {found.vllm or 'no vLLM'}")
    for name in ("student", "numbers", "cores"):
        shown.add_column(name)
    for name in ("start s", "alone tokens/s", "both tokens/s"):
        shown.add_column(name, justify="right")
    shown.add_column("")
    for one in sorted(found.tried, key=lambda tried: -tried.speed):
        figures = ("", "", "") if one.why else (f"{one.start:.1f}", f"{one.alone:.1f}", f"{one.both:.1f}")
        remark = "kept" if one.choice == found.chosen else f"passed over: {one.why}" if one.why else ""
        shown.add_row(one.choice.student, one.choice.dtype, one.choice.threads, *figures, remark)
    return shown
