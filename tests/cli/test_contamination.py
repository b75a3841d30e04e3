"""`noria contamination` on a played session, by the commands a user types."""

import json
from pathlib import Path

import pytest

from tests.cli.shell import config, load, noria, refused, right


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contamination")
    said = [{"role": "user", "content": "Who painted the night?"}, {"role": "assistant", "content": "I did."}]
    (folder / "rows.jsonl").write_text(json.dumps({"messages": said}))
    right("run", "--dry-run", "--config", config(folder, seeds={"rows": "rows.jsonl"}, stop={"rounds": 1}))
    return folder / "session"


def benchmark(folder: Path, *asked: str) -> Path:
    path = folder / "b.jsonl"
    path.write_text("\n".join(json.dumps({"question": text}) for text in asked))
    return path


def test_a_clean_session_has_nothing_of_its_exams(session: Path) -> None:
    said = right("contamination", session)
    assert "samples and 1 rows compared with" in said
    assert said.strip().endswith("none found")


def test_what_meets_a_benchmark_is_shown_beside_it_with_status_1(session: Path, tmp_path: Path) -> None:
    first = load(right("accepted", session, "--jsonl").splitlines()[0])
    asked = first["messages"][-2]["content"]
    path = benchmark(tmp_path, asked.upper(), "who painted the NIGHT")
    done = noria("contamination", session, "--benchmark", path)
    assert done.returncode == 1
    assert f"{first['id']}  exact  b.jsonl:1" in done.stdout
    assert f"here: {asked!r}" in done.stdout
    assert f"item: {asked.upper()!r}" in done.stdout
    found = load(noria("contamination", session, "--benchmark", path, "--json").stdout)
    assert found["benchmark_items"] == 2
    assert any(one["id"].startswith("seed-") and one["item"] == "b.jsonl:2" for one in found["met"])


def test_a_benchmark_that_is_none_is_a_sentence(session: Path, tmp_path: Path) -> None:
    assert "cannot be read" in refused("contamination", session, "--benchmark", tmp_path / "none.jsonl")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"answer": 3}')
    assert "bad.jsonl:1 asks nothing" in refused("contamination", session, "--benchmark", bad)
    sentence = refused("run", "--dry-run", "--config", config(tmp_path, hygiene={"benchmarks": ["none.jsonl"]}))
    assert "Check `hygiene.benchmarks`" in sentence
    assert not (tmp_path / "session").exists()
