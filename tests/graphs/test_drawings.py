"""The two graphs as Mermaid, against what they were when someone last looked."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from noria.graphs.episode import graph as episode
from noria.graphs.session import graph as session

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@pytest.mark.parametrize(("name", "graph"), [("episode", episode), ("session", session)])
def test_a_graph_is_drawn_as_it_was(name: str, graph: object) -> None:
    drawn = graph.get_graph().draw_mermaid()  # type: ignore[attr-defined]
    assert drawn == (HERE / f"{name}.mmd").read_text(encoding="utf-8")


def test_langgraphs_own_tooling_finds_the_graphs() -> None:
    listed = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))["graphs"]
    assert set(listed) == {"session", "episode"}
    for place in listed.values():
        path, _, attribute = place.partition(":")
        assert (ROOT / path).is_file()
        module = path.removeprefix("./").removesuffix(".py").replace("/", ".")
        found = getattr(import_module(module), attribute)
        assert "__start__" in found.get_graph().nodes
