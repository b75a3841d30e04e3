"""distilabel on the chain of `chain.json`: a step of text generation for each prompt.

    PEER/bin/python bench/peers/with_distilabel.py --url URL --episodes 512 [--base 64] [--flight 64]

Runs in an environment of its own (`distilabel.txt`). Each step is a process of its own that asks for one batch at
once, so a step's batch is its share of the `--flight` requests that all may have in flight. A run starts and ends
those processes, so it is run twice, with `--base` rows and with `--base` and `--episodes` more; what is told is
the difference. Prints one JSON line; the processor time is that of all its processes.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration

CHAIN: list[dict[str, str]] = json.loads(Path(__file__).with_name("chain.json").read_text(encoding="utf-8"))


def spent() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    each = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in each)


def took(url: str, count: int, flight: int, place: Path) -> tuple[float, float]:
    """Wall and processor seconds of a run over so many rows."""
    batch = max(1, flight // len(CHAIN))
    with Pipeline(f"chain-{count}", cache_dir=place) as pipeline:
        last = LoadDataFromDicts(name="rows", data=[{"number": at} for at in range(count)], batch_size=batch)
        for part in CHAIN:
            prompt = part["user"].replace("{", "{{ ").replace("}", " }}")
            step = TextGeneration(
                name=f"ask_{part['name']}",
                llm=OpenAILLM(
                    model="base", base_url=url, api_key="none",
                    generation_kwargs={"max_new_tokens": 64, "temperature": 0.9},
                ),
                system_prompt=part["system"], template=prompt,
                columns=[name for name in ("number", *(one["name"] for one in CHAIN)) if f"{{{name}}}" in part["user"]],
                output_mappings={"generation": part["name"], "model_name": f"by_{part['name']}"},
                input_batch_size=batch, add_raw_output=False, add_raw_input=False,
            )  # fmt: skip
            _ = last >> step
            last = step
    started, cpu = time.perf_counter(), spent()
    made = pipeline.run(use_cache=False)
    seconds, cpu = time.perf_counter() - started, spent() - cpu
    rows = made["default"]["train"]
    assert len(rows) == count, f"{len(rows)} of {count} rows came through"
    assert all(rows[CHAIN[-1]["name"]]), "replies are missing"
    return seconds, cpu


def main() -> None:
    """Play, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--episodes", type=int, default=512)
    parser.add_argument("--base", type=int, default=64)
    parser.add_argument("--flight", type=int, default=64)
    wanted = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with tempfile.TemporaryDirectory(prefix="noria-bench-") as place, redirect_stdout(sys.stderr):
        few = took(wanted.url, wanted.base, wanted.flight, Path(place))
        many = took(wanted.url, wanted.base + wanted.episodes, wanted.flight, Path(place))
    found = {
        "version": version("distilabel"), "episodes": wanted.episodes, "calls": wanted.episodes * len(CHAIN),
        "seconds": many[0] - few[0], "cpu": many[1] - few[1], "aside": few[0],
    }  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main()
