"""A trained policy as a folder that peft, transformers and vLLM load: its adapter, or merged into its base.

    policy ─► does it stand as it was trained? ─┬─ adapter: copied, its base named anew
                                                ├─ merged: copied, or merged in a child process
                                                └─ quantised: merged, rounded, and examined before and after
                                     └─► lineage.json · README.md · noria.json ─► one rename

Weights are safetensors, and every file is hashed on the way in and on the way out. An adapter
knows its base by a path of the machine that trained it; that path stays behind.
"""

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from noria.errors import ConfigError, ModelError, SessionError, storage
from noria.identity import canonical_json, digest
from noria.memory.history import History
from noria.memory.learned import Learned
from noria.memory.verification import Verified, verify
from noria.memory.withdrawals import Withdrawals
from noria.training.export.describing_weights import described
from noria.training.export.facts import config
from noria.training.export.manifest import Export, beside, may_become, stand
from noria.training.launch import merge, merging
from noria.training.models import HUB, fetch_default
from noria.training.publish import MANIFEST, made, refuse_pickles
from noria.training.quantising import Scheme, quantise
from noria.training.standing import must_stand
from noria.types import Json, Policy

ADAPTER_CONFIG = "adapter_config.json"

NOT_OURS = frozenset({MANIFEST, "README.md", "training.json"})
"""Files of a trained folder that are told anew: its manifest, its trainer's empty card, its report."""


@dataclass(frozen=True, slots=True)
class WeightsOrder:
    """Which policy is to be written, and how."""

    to: Path
    session: Path
    policy: str
    """Its name or id; `student` is whom the student's pointer points at."""
    merged: bool = False
    quantised: Scheme | None = None
    """How the merged weights are rounded, if they are."""
    tainted: bool = False
    base_model: str = ""
    """The base's name on a hub; empty takes what the session knows."""
    title: str = ""
    licence: str = ""
    language: tuple[str, ...] = ()
    force: bool = False


Examined = Callable[[Path, Path], Json]
"""Holds the same exam before and after: folders of the merged and of the quantised weights to what was found."""


def write_weights(history: History, order: WeightsOrder, examine: Examined | None = None) -> Export:
    """Write a policy's folder; what stands there afterwards is whole.

    `examine` is asked of quantised weights, before the card is written.

    Raises:
        ConfigError: the folder may not be replaced, or the policy has no weights of its own.
        ModelError: its weights, or its base's where they are merged, do not stand as they were trained.
        EndpointError: a model cannot be served for its exam.
        SessionError: the session knows no such policy, or it is tainted.
        RunError: the merging failed, or the disk is full.
    """
    may_become(order.to, force=order.force)
    policy, chain = chosen(history, order), verify(history.ledger)
    adapter = _here(Path(policy.adapter), order.session, policy, Path(policy.adapter).name)
    must_stand(policy.model_copy(update={"adapter": str(adapter)}))
    base = next((one for one in (history.policy(parent) for parent in policy.parents) if one), None)
    name = order.base_model or _hub(history)
    with beside(order.to) as place:
        lost: Json | None = None
        if order.merged or order.quantised:
            _merged(history, order, policy, base, adapter, place)
            if order.quantised:
                lost = _quantised(place, order.quantised, base, examine)
        else:
            _copied(adapter, place)
            _renamed(place, name or (Path(base.folder).name if base else "base"))
        refuse_pickles(place)
        lineage = _lineage(history, policy, base, chain)
        with storage(place):
            (place / "lineage.json").write_text(json.dumps(lineage, indent=2) + "\n", encoding="utf-8")
            card = described(history, order, policy, name, base, lineage, lost)
            (place / "README.md").write_text(card, encoding="utf-8")
        told = {
            "policy": policy.id, "name": policy.name, "round": policy.round, "base": lineage["base"],
            "learned": lineage["sha256"], "licence": order.licence, **({"quantised": lost} if lost else {}),
        }  # fmt: skip
        export = Export(
            kind="quantised" if order.quantised else "merged" if order.merged else "adapter",
            session=order.session.name, samples=chain.samples, head=chain.head, told=told,
        )  # fmt: skip
        return stand(place, order.to, export, force=order.force)


def chosen(history: History, order: WeightsOrder) -> Policy:
    """The policy that an order names, if it may leave.

    Raises:
        SessionError: there is none of this name, or it is tainted.
        ConfigError: it has no weights of its own.
    """
    found = history.pointer("student") if order.policy == "student" else history.policy(order.policy)
    trained = [one.name for one in history.policies() if one.adapter]
    mend = f"Trained are: {', '.join(trained)}; name one with --adapter." if trained else "Nothing was trained yet."
    if found is None:
        raise SessionError(f"The session {str(order.session)!r} knows no policy {order.policy!r}.", mend=mend)
    if not found.adapter:
        whom = "The student is still the base, which" if order.policy == "student" else f"{found.name!r}"
        raise ConfigError(f"{whom} has no weights of this session's making.", mend=mend)
    if found.training.get("pretended"):
        raise ConfigError(
            f"{found.name!r} was pretended by a dry run and has no weights.", mend="Play without --dry-run."
        )
    if (why := Withdrawals(history.ledger).tainted().get(found.id)) and not order.tainted:
        raise SessionError(
            f"{found.name!r} is tainted by a purge ({why.why}).", mend="--tainted writes it all the same, and says so."
        )
    return found


def _here(written: Path, session: Path, policy: Policy, kind: str) -> Path:
    """Where a policy's folder is: below the session, which may have been moved or copied, or where it was written."""
    own = session / "students" / policy.name / kind
    return own if own.is_dir() else written


def _hub(history: History) -> str:
    """The base's name on a hub, as far as the config says one."""
    student = config(history).student
    if student == "default":
        return HUB
    local = student.startswith((".", "/", "~")) or Path(student).expanduser().is_dir()
    return student if student.count("/") == 1 and not local else ""


def _copied(folder: Path, place: Path) -> None:
    with storage(place):
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name not in NOT_OURS:
                shutil.copyfile(path, place / path.name)


def _renamed(place: Path, base: str) -> None:
    """Name the base in the adapter's config by what others know it by."""
    path = place / ADAPTER_CONFIG
    if not path.is_file():
        raise ModelError(f"The adapter has no {ADAPTER_CONFIG}.", mend="Train again.")
    own = json.loads(path.read_text(encoding="utf-8"))
    own["base_model_name_or_path"] = base
    path.write_text(json.dumps(own, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _merged(
    history: History, order: WeightsOrder, policy: Policy, base: Policy | None, adapter: Path, place: Path
) -> None:
    """The merged weights: those that were served, where they stand; else merged now, in a child process."""
    if base is None:
        raise ModelError(f"The base of {policy.name!r} is not known.", mend="Export the adapter alone.")
    dtype = str(policy.training.get("dtype", "float32"))
    own = _here(Path(policy.folder or adapter.with_name("merged")), order.session, policy, "merged")
    if made(own, merging(base.id, adapter, dtype)) is None:
        folder = Path(base.folder)
        if not folder.is_dir() and config(history).student == "default":
            folder = fetch_default()
        if not folder.is_dir():
            raise ModelError(
                f"The base of {policy.name!r} is gone: there is no folder {base.folder!r}.",
                mend="Export the adapter alone, or put the base back.",
            )
        own = place / ".merging"
        asyncio.run(merge(folder, adapter, own, dtype=dtype, base_id=base.id))
    _copied(own, place)
    shutil.rmtree(place / ".merging", ignore_errors=True)


def _quantised(place: Path, scheme: Scheme, base: Policy | None, examine: Examined | None) -> Json:
    """Round the merged weights in a folder: their file stands in their place, and what the rounding cost comes back."""
    own, file = place / ".quantising", f"model-{scheme}.gguf"
    before = sum(path.stat().st_size for path in place.glob("*.safetensors"))
    asyncio.run(quantise(place, own, scheme, base_id=base.id if base else ""))
    found = examine(place, own) if examine else {}
    with storage(place):
        (own / file).rename(place / file)
        shutil.rmtree(own)
        for path in place.glob("*.safetensors*"):
            path.unlink()
    after = (place / file).stat().st_size
    return {"scheme": scheme, "file": file, "bytes": {"before": before, "after": after}, **found}


def _lineage(history: History, policy: Policy, base: Policy | None, chain: Verified) -> dict[str, object]:
    learned = sorted(Learned(history).of(policy))
    return {
        "policy": policy.id,
        "name": policy.name,
        "base": base.id if base else "",
        "round": policy.round,
        "chain": {"samples": chain.samples, "head": chain.head},
        "sha256": digest(canonical_json(learned)),
        "learned": learned,
    }
