"""Adapters on vLLM's CPU backend: grouped, they say what vLLM's own product says, and leave the base's rows alone."""

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.inference import cpu_adapters
from noria.inference.vllm_server import Launch

torch = pytest.importorskip("torch")


def factors(places: int, rank: int, inside: int, columns: tuple[int, ...], seed: int) -> tuple[Any, Any]:
    """Stacked matrices A and B for each slice of a layer."""
    torch.manual_seed(seed)
    a = tuple(torch.randn(places, 1, rank, inside) for _ in columns)
    return a, tuple(torch.randn(places, 1, many, rank) for many in columns)


@given(st.lists(st.integers(-1, 2), min_size=1, max_size=12), st.integers(0, 2**16))
def test_a_row_gets_what_its_own_adapter_adds_and_a_base_row_nothing(places: list[int], seed: int) -> None:
    columns = (5, 3)
    a, b = factors(3, 2, 4, columns, seed)
    x, y = torch.randn(len(places), 4), torch.randn(len(places), sum(columns))
    wanted = y.clone()
    for row, place in enumerate(places):
        if place >= 0:
            wanted[row] += torch.cat(
                [b1[place, 0] @ (a1[place, 0] @ x[row]) * 0.5 for a1, b1 in zip(a, b, strict=True)]
            )
    asked = cpu_adapters.groups(torch.tensor(places))
    cpu_adapters.add(y, x, tuple(zip(a, b, columns, strict=True)), 0.5, asked)
    assert torch.allclose(y, wanted, atol=1e-5)


@given(st.lists(st.integers(-1, 3), max_size=12))
def test_each_asked_row_is_in_one_group(places: list[int]) -> None:
    found = {}
    for place, rows in cpu_adapters.groups(torch.tensor(places, dtype=torch.long)):
        for at in torch.arange(len(places))[rows].tolist():
            assert at not in found
            found[at] = place
    assert found == {at: place for at, place in enumerate(places) if place >= 0}


def test_narrower_or_wider_vocabularies_share_what_they_have_in_common() -> None:
    for wide in (4, 8):
        a, b = factors(1, 2, 3, (wide,), 0)
        x, y = torch.randn(2, 3), torch.zeros(2, 6)
        cpu_adapters.add(y, x, [(a[0], b[0], 0)], 1.0, cpu_adapters.groups(torch.tensor([0, 0])))
        assert torch.count_nonzero(y, dim=0).tolist() == [2] * min(wide, 6) + [0] * (6 - min(wide, 6))


BESIDE = """
import torch
from vllm.lora.layers import LoRAMapping
from vllm.lora.punica_wrapper import punica_cpu
from vllm.plugins import load_general_plugins
torch.manual_seed(0)
a, b = (torch.randn(2, 1, 4, 8),), (torch.randn(2, 1, 6, 4),)
x, y = torch.randn(5, 8), torch.randn(5, 6)
wanted = y.clone()
for row, place in ((2, 0), (3, 0), (4, 1)):
    wanted[row] += b[0][place, 0] @ (a[0][place, 0] @ x[row])

def asked():
    own = punica_cpu.PunicaWrapperCPU(16, 4, torch.device("cpu"))
    own.update_metadata(LoRAMapping((0, 0, 7, 7, 9), (0, 7, 9), is_prefill=True), [7, 9], 3, 10)
    said, head = y.clone(), torch.zeros(3, 6)
    own.add_lora_linear(said, x, a, b, 1.0, (6,))
    own.add_lora_logits(head, x[[1, 3, 4]], a[0], b[0], 1.0)
    more = torch.allclose(said[2:], wanted[2:], atol=1e-4), torch.allclose(head[1:], (wanted - y)[3:], atol=1e-4)
    print(type(own).__name__, *more, torch.equal(said[:2], y[:2]), bool((head[0] == 0).all()))
    return own

asked()
load_general_plugins()
scored = torch.zeros(5, 6)
asked().add_lora_logits(scored, x, a[0], b[0], 1.0)
print(bool((scored == 0).all()))
"""


def test_vllm_loads_the_plugin_where_it_is_asked_to_and_its_base_is_answered_by_the_base() -> None:
    pytest.importorskip("vllm")
    if not cpu_adapters.plugged():
        pytest.skip("the installed vLLM does not know the plugin: install Noria anew")
    said = subprocess.run(
        [sys.executable, "-c", BESIDE], env=os.environ | {cpu_adapters.SWITCH: "1"},
        check=True, text=True, capture_output=True,
    )  # fmt: skip
    # What is mended is the first line: vLLM's own wrapper adds to the base's rows what lies in the last place. Once
    # it reads otherwise, a newer vLLM may need no plugin.
    assert said.stdout.splitlines()[-3:] == [
        "PunicaWrapperCPU True True False False",
        "Grouping True True True True",
        "True",
    ]


def test_a_server_on_a_cpu_is_told_to_group_unless_its_owner_says_otherwise() -> None:
    launch = Launch("base", "model", "float32", 512, 0.5, adapters=1)
    assert launch.env("key")[cpu_adapters.SWITCH] == "1"
    assert (
        Launch("base", "m", "float32", 512, 0.5, environment={cpu_adapters.SWITCH: "0"}).env("key")[cpu_adapters.SWITCH]
        == "0"
    )


def test_whoever_leaves_the_plugin_out_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_PLUGINS", "another")
    assert not cpu_adapters.plugged()
    monkeypatch.setenv("VLLM_PLUGINS", f"another,{cpu_adapters.NAME}")
    assert cpu_adapters.plugged()
