"""NVIDIA's DataDesigner on the chain of `chain.json`: a column of text for each prompt, 64 requests at once.

    PEER/bin/python bench/peers/with_data_designer.py --url URL --episodes 512 [--base 64] [--flight 64]

Runs in an environment of its own (`data_designer.txt`). A run has costs that do not grow with its records (health
checks, the profile of what it made), so it is run three times in this process: once to warm it, then with `--base`
records and with `--base` and `--episodes` more; what is told is the difference. Prints one JSON line.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("NEMO_TELEMETRY_ENABLED", "false")
os.environ.setdefault("DATA_DESIGNER_ASYNC_ENGINE", "1")  # the faster one, where it is not the only one

import data_designer.config as dd
from data_designer.interface import DataDesigner

CHAIN: list[dict[str, str]] = json.loads(Path(__file__).with_name("chain.json").read_text(encoding="utf-8"))


def builder(flight: int) -> Any:
    """The columns."""
    rules = dd.ChatCompletionInferenceParams(max_parallel_requests=flight, max_tokens=64, temperature=0.9)
    model = dd.ModelConfig(
        alias="base", model="base", provider="fake", inference_parameters=rules, skip_health_check=True
    )
    made = dd.DataDesignerConfigBuilder(model_configs=[model])
    made.add_column(
        dd.SamplerColumnConfig(
            name="number", sampler_type=dd.SamplerType.UNIFORM, params=dd.UniformSamplerParams(low=0, high=10**9)
        )
    )
    for part in CHAIN:
        prompt = part["user"].replace("{", "{{ ").replace("}", " }}")
        made.add_column(
            dd.LLMTextColumnConfig(
                name=part["name"], model_alias="base", system_prompt=part["system"], prompt=prompt
            )
        )  # fmt: skip
    return made


def main() -> None:
    """Play, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--episodes", type=int, default=512)
    parser.add_argument("--base", type=int, default=64)
    parser.add_argument("--flight", type=int, default=64)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="noria-bench-") as place, redirect_stdout(sys.stderr):
        provider = dd.ModelProvider(name="fake", endpoint=wanted.url, provider_type="openai", api_key="none")
        designer = DataDesigner(artifact_path=place, model_providers=[provider])
        designer.set_run_config(dd.RunConfig(buffer_size=max(1000, wanted.base + wanted.episodes)))

        def took(count: int) -> tuple[float, float]:
            started, cpu = time.perf_counter(), time.process_time()
            made = designer.create(builder(wanted.flight), num_records=count, dataset_name=f"records-{count}")
            seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
            assert len(made.load_dataset()) == count, "records were dropped"
            return seconds, cpu

        took(16)
        few, many = took(wanted.base), took(wanted.base + wanted.episodes)
    found = {
        "version": version("data-designer"), "episodes": wanted.episodes, "calls": wanted.episodes * len(CHAIN),
        "seconds": many[0] - few[0], "cpu": many[1] - few[1], "aside": few[0],
    }  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main()
