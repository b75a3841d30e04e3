"""An adapter that nobody trained: `python -m noria.training.untrained BASE OUT RANK`.

For whoever measures what adapters cost a server, it is as good as any: of the rank and on the layers that training has
(see `sft`), with drawn weights, so that whoever flips between base and adapter can tell by the answers which of them
spoke. Published like a trained one.
"""

import sys
from pathlib import Path

from noria.training.child import SILENCE, follow


async def untrained(base: Path, out: Path, rank: int, *, threads: int) -> Path:
    """Make one in a subprocess; `out` is its folder.

    Raises:
        RunError: it failed; its last words are in the sentence.
    """
    words = [sys.executable, "-m", "noria.training.untrained", str(base), str(out), str(rank)]
    await follow(words, "The making of an untrained adapter", threads=threads, silence=SILENCE)
    return out


def make(base: str, out: Path, rank: int) -> None:
    """Write it to `out`."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from noria.training.models import weights_id
    from noria.training.publish import aside, publish

    torch.manual_seed(0)
    place = aside(out)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    own = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False
    )
    get_peft_model(model, own).save_pretrained(place)
    publish(place, out, kind="adapter", made_by="nobody", base=weights_id(Path(base)))


if __name__ == "__main__":
    from noria.training.tether import tether

    tether()
    make(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
