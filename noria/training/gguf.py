"""The child that turns a GGUF file into safetensors: `python -m noria.training.gguf FILE OUT`."""

import sys
from pathlib import Path


def convert(gguf: Path, out: Path) -> None:
    """Dequantise a GGUF model and save it as bfloat16 safetensors with its tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    where, name = str(gguf.parent), gguf.name
    tokenizer = AutoTokenizer.from_pretrained(where, gguf_file=name)
    model = AutoModelForCausalLM.from_pretrained(
        where, gguf_file=name, dtype="bfloat16", quantization_config=GgufConfig(dequantize=True)
    )
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
