"""The merging subprocess: `python -m noria.training.merge BASE ADAPTER OUT DTYPE BASE_ID IDENTITY`.

The adapter's product is added to the base's weights in float32, and the whole model saved
as safetensors with tokenizer and chat template, and published whole.
"""

import sys
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from noria.training.publish import aside, publish, refuse_pickles
from noria.training.tether import tether


def merge(base: str, adapter: str, out: Path, dtype: str, base_id: str, identity: str) -> None:
    """Write the merged model to `out`."""
    refuse_pickles(Path(adapter))
    place = aside(out)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    merged = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    merged.to(getattr(torch, dtype)).save_pretrained(place)
    AutoTokenizer.from_pretrained(base).save_pretrained(place)
    publish(place, out, kind="merged", made_by=identity, base=base_id)


if __name__ == "__main__":
    tether()
    merge(sys.argv[1], sys.argv[2], Path(sys.argv[3]), *sys.argv[4:7])
