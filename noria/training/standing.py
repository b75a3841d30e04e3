"""Whether a policy's weights stand on disk as they were when the ledger wrote its row.

The row is the truth: it names the folder, and its id is a hash of the weights. So the
question is asked before anything is served or changed, and a folder that is gone, cut or
exchanged gets a sentence. Merged weights are derived from base and adapter; the trainer makes
those again, and only the adapter is irreplaceable: training it anew gives another policy.
"""

import asyncio
from pathlib import Path

from noria.errors import ModelError
from noria.training.launch import merge, merging
from noria.training.models import weights_id
from noria.training.publish import damage, hashed, made, manifest, refuse_pickles
from noria.types import Policy

BACK = "Put the folder back from a copy, or go back to the policy before it with `noria rollback`."


def must_stand(policy: Policy) -> None:
    """Refuse a trained policy whose adapter is not on disk as it was trained.

    Raises:
        ModelError: the adapter is missing, damaged, another one, or holds what may run code.
    """
    if not policy.adapter:
        return
    folder = Path(policy.adapter)
    if not folder.is_dir():
        raise ModelError(f"The adapter of {policy.name!r} is gone: there is no folder {policy.adapter!r}.", mend=BACK)
    refuse_pickles(folder)
    found = manifest(folder)
    # An adapter from before there were manifests is known by its id alone.
    why = damage(folder, found) if found else ""
    if not why and not any(folder.glob("*.safetensors")):
        why = "it holds no safetensors"
    if not why and weights_id(folder, hashed(found) if found else None) != policy.id:
        why = "its weights are another policy's"
    if why:
        raise ModelError(f"The adapter of {policy.name!r} in {policy.adapter!r} is damaged: {why}.", mend=BACK)


def published(folder: Path) -> str:
    """The id of weights by the checksums they were published with; whoever serves them reads the bytes (`must_stand`).

    Raises:
        ModelError: there are none.
    """
    found = manifest(folder)
    return weights_id(folder, hashed(found) if found else None)


async def stand(policy: Policy, base: Policy | None) -> None:
    """See that a policy's weights stand, and make merged ones again that do not.

    Raises:
        ModelError: the adapter does not stand.
        RunError: the merging failed.
    """
    await asyncio.to_thread(must_stand, policy)
    if not policy.adapter or not policy.folder or base is None or not base.folder:
        return
    adapter, out = Path(policy.adapter), Path(policy.folder)
    dtype = str(policy.training.get("dtype", "float32"))
    if await asyncio.to_thread(made, out, merging(base.id, adapter, dtype)) is None:
        await merge(Path(base.folder), adapter, out, dtype=dtype, base_id=base.id)
