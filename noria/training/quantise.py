"""The quantising subprocess: `python -m noria.training.quantise FOLDER OUT SCHEME BASE_ID IDENTITY`.

    model (safetensors) ─► GGUF, rounded in blocks ─► read back by transformers ─► safetensors as they now are

Weights are rounded to the nearest step of a grid of their own every 32 weights, which is GGUF's Q8_0 (`int8`) or
Q4_1 (`int4`, embeddings left at eight bits). That is the simplest member of the family that *LLM.int8()* (Dettmers
et al., arXiv 2208.07339) stands for: no outliers are kept apart, nothing is calibrated and nothing trained. What
transformers reads back from the file is saved beside it, so that what is examined is what the file holds.
"""

import json
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from noria.training.publish import aside, publish
from noria.training.tether import tether

SCHEMES = {
    "int8": (gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    "int4": (gguf.GGMLQuantizationType.Q4_1, gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q4_1),
}
"""Scheme to the type of the layers' weights, of the embeddings, and of the file."""

BLOCK = 32
"""Weights that share a grid; a row of another length is left as it was, in float16."""

ARCHITECTURE = "llama"

SMOLLM = 49152
"""Tokens of the default student's vocabulary, whose texts are cut up in a way that has a name of its own."""


def quantise(folder: Path, out: Path, scheme: str, base_id: str, identity: str) -> None:
    """Write the quantised file and what it holds to `out`."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") != ARCHITECTURE:
        raise ValueError(f"a model of type {config.get('model_type')!r} cannot be written as GGUF here; llama's can")
    place = aside(out)
    name = f"model-{scheme}.gguf"
    write(folder, config, place / name, scheme)
    model = AutoModelForCausalLM.from_pretrained(
        str(place), gguf_file=name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    model.to(getattr(torch, str(config.get("dtype", "float32")))).save_pretrained(place)
    AutoTokenizer.from_pretrained(str(folder)).save_pretrained(place)
    publish(place, out, kind="merged", made_by=identity, base=base_id)


def write(folder: Path, config: dict[str, Any], path: Path, scheme: str) -> None:
    """Write a llama model as a GGUF file."""
    layers, embeddings, kind = SCHEMES[scheme]
    heads = config["num_attention_heads"]
    groups = config.get("num_key_value_heads") or heads
    writer = gguf.GGUFWriter(path, ARCHITECTURE)
    writer.add_name(folder.name)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(groups)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    rope = config.get("rope_parameters") or {}
    writer.add_rope_freq_base(rope.get("rope_theta", config.get("rope_theta", 10_000.0)))
    writer.add_rope_dimension_count(config.get("head_dim") or config["hidden_size"] // heads)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(kind)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _vocabulary(writer, folder, config["vocab_size"])
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for file in sorted(folder.glob("*.safetensors")):
        for own, tensor in load_file(file).items():
            name = names.get_name(own, try_suffixes=(".weight",))
            if name is None:
                raise ValueError(f"GGUF has no name for the weights {own!r}")
            weights = tensor.float().numpy()
            if own.endswith("q_proj.weight"):
                weights = _turned(weights, heads)
            elif own.endswith("k_proj.weight"):
                weights = _turned(weights, groups)
            _add(writer, name, weights, embeddings if name.startswith(("token_embd", "output.")) else layers)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add(writer: gguf.GGUFWriter, name: str, weights: Any, kind: gguf.GGMLQuantizationType) -> None:
    if weights.ndim == 1:
        writer.add_tensor(name, weights.astype(numpy.float32))
    elif weights.shape[-1] % BLOCK:
        writer.add_tensor(name, weights.astype(numpy.float16))
    else:
        writer.add_tensor(name, gguf.quants.quantize(weights, kind), raw_dtype=kind)


def _turned(weights: Any, heads: int) -> Any:
    """A query's or key's rows in the order that llama.cpp rotates them in: halves of each head interleaved."""
    rows, columns = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _vocabulary(writer: gguf.GGUFWriter, folder: Path, size: int) -> None:
    """The tokens, where they are a byte-level BPE's; transformers reads the tokenizer from its own files anyway."""
    path = folder / "tokenizer.json"
    if not path.is_file() or (model := json.loads(path.read_text(encoding="utf-8")))["model"].get("type") != "BPE":
        return
    tokens = {number: token for token, number in model["model"]["vocab"].items()}
    special = {one["id"]: one["content"] for one in model.get("added_tokens", ())}
    tokens |= special
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm" if size == SMOLLM else "default")
    writer.add_token_list([tokens.get(number, f"[PAD{number}]") for number in range(size)])
    kinds = [gguf.TokenType.CONTROL if number in special else gguf.TokenType.NORMAL for number in range(size)]
    writer.add_token_types(kinds)
    merges = [one if isinstance(one, str) else " ".join(one) for one in model["model"].get("merges", ())]
    writer.add_token_merges(merges)
    gguf.SpecialVocab(folder, load_merges=False).add_to_gguf(writer, quiet=True)


def main() -> int:
    """Run the command line; 0 when the folder stands, 1 with a sentence on standard error."""
    tether()
    try:
        quantise(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:6])
    except (ValueError, OSError, RuntimeError, KeyError) as fault:
        print(f"noria-training: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
