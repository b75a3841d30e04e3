"""Adapters on vLLM's CPU backend: each adapter's tokens in one product, the base's in none.

    a batch's tokens ─► by adapter: its rows · Aᵀ · Bᵀ ─► added to what the base says of just them
                     └─► the base's: nothing is added

vLLM 0.32 copies an adapter's matrices for every token of a batch on a CPU, the head's of the whole vocabulary among
them, so that a prompt is read through an adapter many times slower than without. And it looks the base's tokens up
under -1, which is the last place for adapters: beside an adapter's call, a base's call is answered with the weights
that lie there. This is a plugin of vLLM (entry point `vllm.general_plugins`, which each process of a server loads); it
does nothing but in a server that was started with `SWITCH`, as Noria's own on a CPU are, and nothing in a vLLM that
has no such class. The mathematics is that of LoRA (Hu et al., ICLR 2022), the grouping by adapter that of Punica's
SGMV (Chen et al., MLSys 2024).
"""

import importlib
import importlib.metadata
import os
from collections.abc import Sequence
from typing import Any

SWITCH = "NORIA_CPU_ADAPTERS"
"""The variable that is "1" in the environment of a server in which adapters are grouped."""

NAME = "noria_cpu_adapters"
"""The plugin's name among vLLM's."""

PLUGINS = "vllm.general_plugins"
"""The entry points that vLLM loads its plugins from."""

Group = tuple[int, Any]
"""An adapter's place, and the rows of a batch that are its own: a slice or a tensor of indices."""


def plugged() -> bool:
    """Whether a vLLM that is started from here loads the plugin: it is installed, and `VLLM_PLUGINS` leaves it in."""
    chosen = os.environ.get("VLLM_PLUGINS")
    if chosen is not None and NAME not in chosen.split(","):
        return False
    return any(one.name == NAME for one in importlib.metadata.entry_points(group=PLUGINS))


def register() -> None:
    """Put the grouping wrapper into the place of vLLM's; each of its processes calls this, as often as it likes."""
    if os.environ.get(SWITCH) != "1":
        return
    try:
        place: Any = importlib.import_module("vllm.lora.punica_wrapper.punica_cpu")
    except ImportError:
        return
    found = getattr(place, "PunicaWrapperCPU", None)
    if found is not None and not hasattr(found, "groups"):
        place.PunicaWrapperCPU = grouping(found)


def groups(places: Any) -> tuple[Group, ...]:
    """The rows of each adapter that a batch asks, by a tensor of each row's place; those of the base are in none."""
    own = places.tolist()
    found = []
    for place in sorted({one for one in own if one >= 0}):
        rows = [at for at, one in enumerate(own) if one == place]
        first, last = rows[0], rows[-1] + 1
        found.append((place, slice(first, last) if last - first == len(rows) else places.new_tensor(rows)))
    return tuple(found)


def add(y: Any, x: Any, factors: Sequence[tuple[Any, Any, int]], scale: float, asked: tuple[Group, ...]) -> None:
    """Add `scale · x·Aᵀ·Bᵀ` to `y` for each adapter in its own rows, one pair (A, B) of `factors` after another.

    `x` is (rows, in), `y` (rows, columns of all pairs together); a pair is A (places, 1, rank, in), B (places, 1,
    out, rank) and how many columns of `y` it has. Where A is none, `x` is (rows, rank) already.
    """
    for place, rows in asked:
        part, first = x[rows].float(), 0
        for a, b, columns in factors:
            low = part if a is None else part @ a[place].flatten(0, -2).float().t()
            if a is not None and scale != 1.0:
                low = low * scale
            wide = b[place].flatten(0, -2).float().t()
            # An adapter may pad the vocabulary otherwise than its model.
            until = min(y.shape[-1], first + wide.shape[-1])
            wide, mine = wide[:, : until - first], (rows, slice(first, until))
            if isinstance(rows, slice) and y.dtype == wide.dtype:
                y[mine].addmm_(low, wide)  # product and sum at once, where they lie: half the time of one after another
            else:
                y[mine] += (low @ wide).to(y.dtype)
            first += columns


def grouping(base: type) -> type:
    """The wrapper that vLLM has for a CPU, with the products of each adapter taken together."""

    class Grouping(base):  # type: ignore[misc]
        groups: tuple[Group, ...] = ()
        """The rows of this batch."""
        heads: tuple[Group, ...] = ()
        """The same of the rows that a token is sampled for."""

        def update_metadata(self, *told: Any, **named: Any) -> None:
            super().update_metadata(*told, **named)
            self.groups, self.heads = groups(self.token_lora_indices), groups(self.sampler_indices)

        def add_lora_linear(
            self, y: Any, x: Any, lora_a_stacked: Any, lora_b_stacked: Any, scale: float, output_slices: Any,
            **named: Any,
        ) -> None:  # fmt: skip
            if not self.groups:
                return
            factors = tuple(zip(lora_a_stacked, lora_b_stacked, output_slices, strict=True))
            add(y.view(-1, y.shape[-1]), x.reshape(-1, x.shape[-1]), factors, scale, self.groups)

        def add_lora_embedding(self, y: Any, x: Any, lora_b_stacked: Any, *told: Any, **named: Any) -> None:
            add(y, x, [(None, lora_b_stacked, 0)], 1.0, self.groups)

        def add_lora_logits(
            self, y: Any, x: Any, lora_a_stacked: Any, lora_b_stacked: Any, scale: float, **named: Any
        ) -> None:
            y, x = y.view(-1, y.shape[-1]), x.view(-1, x.shape[-1])
            # The head also reads a prompt whose tokens are scored, and of those rows nobody says whose they are.
            mine = self.heads if len(y) == len(self.sampler_indices) else ()
            add(y, x, [(lora_a_stacked, lora_b_stacked, 0)], scale, mine)

    return Grouping
