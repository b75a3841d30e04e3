"""Starts the quantising of a merged model, unless the very same stands already.

merged folder ─► python -m noria.training.quantise ─► GGUF file, and what it holds as safetensors
"""

import os
import sys
from pathlib import Path
from typing import Literal

from noria.errors import RunError, storage
from noria.identity import content_id
from noria.training.child import SILENCE, follow
from noria.training.models import weights_id
from noria.training.publish import made

Scheme = Literal["int8", "int4"]


async def quantise(folder: Path, out: Path, scheme: Scheme, *, base_id: str, silence: float = SILENCE) -> Path:
    """Quantise the model in a folder.

    Raises:
        ModelError: the folder has no weights.
        RunError: the model is of a kind that cannot be written so, or the process failed.
    """
    identity = content_id("quantising", [weights_id(folder), scheme])
    if made(out, identity) is not None:
        return out
    with storage(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    what = f"The quantising of {folder.parent.name}"
    words = [str(folder), str(out), scheme, base_id, identity]
    command = [sys.executable, "-m", "noria.training.quantise", *words]
    await follow(command, what, threads=os.cpu_count() or 1, silence=silence)
    if made(out, identity) is None:
        raise RunError(f"{what} left nothing in {str(out)!r}.", mend="Try it again.")
    return out
