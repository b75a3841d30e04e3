"""The merging subprocess: `python -m noria.training.merge BASE ADAPTER OUT DTYPE`.

The adapter's product is added to the base's weights in float32, and the whole model saved
as safetensors with tokenizer and chat template, by one rename.
"""

import shutil
import sys
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from noria.training.sft import publish


def merge(base: str, adapter: str, out: Path, dtype: str) -> None:
    """Write the merged model to `out`."""
    place = out.with_name(out.name + ".tmp")
    shutil.rmtree(place, ignore_errors=True)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    merged = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    merged.to(getattr(torch, dtype)).save_pretrained(place)
    AutoTokenizer.from_pretrained(base).save_pretrained(place)
    publish(place, out)


if __name__ == "__main__":
    merge(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4])
