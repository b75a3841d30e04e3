"""`noria export` and `noria push` as a user types them."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from noria.cli.export import must_know, ordered
from noria.cli.reading import history
from noria.errors import ConfigError, SessionError
from noria.training.export.dataset import Order
from noria.training.export.pushing import planned
from tests.cli.hub import Hub
from tests.cli.shell import config, load, refused, right

TOKEN = "hf_of_a_test"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    right("run", "--dry-run", "--config", config(folder, play={"episodes": 20, "attempts": 3}))
    return folder / "session"


@pytest.fixture(scope="module")
def exported(session: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("out") / "data"
    right("export", session, "--to", to, "--format", "sft", "--format", "preference", "--license", "cc0-1.0")
    return to


@pytest.fixture
def hub(request: pytest.FixtureRequest) -> Iterator[Hub]:
    made = Hub(public=getattr(request, "param", False))
    yield made
    made.close()


def surroundings(hub: Hub, home: Path) -> Any:
    return {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0"}


def test_what_is_printed_counts_what_was_written(session: Path, tmp_path: Path) -> None:
    said = right("export", session, "--to", tmp_path / "d", "--format", "sft", "--format", "kto", "--role", "all")
    lines = {
        (tmp_path / "d" / "data" / f"sft-{side}.jsonl").read_text().count("\n")
        for side in ("train", "test")
        if (tmp_path / "d" / "data" / f"sft-{side}.jsonl").exists()
    }
    counted = re.search(r"sft +train +(\d+) +test +(\d+)", said)
    assert counted
    assert set(map(int, counted.groups())) - {0} == lines
    assert "No leak: of" in said
    assert "No licence is stated" in said
    assert f'load_dataset("{tmp_path / "d"}", "sft", split="train")' in said


def test_json_is_the_manifest(session: Path, tmp_path: Path) -> None:
    told = load(right("export", session, "--to", tmp_path / "d", "--json", "--format", "parquet"))
    assert told == load((tmp_path / "d" / "noria.json").read_text())
    assert {Path(name).suffix for name in told["files"] if name.startswith("data/")} == {".parquet"}
    assert {"figures/composition.svg", "figures/funnel.svg"} <= told["files"].keys()
    assert (tmp_path / "d" / "figures" / "funnel.svg").read_text().startswith("<svg")


def request(session: Path, *formats: str, held_out: float = 0.1, **choice: Any) -> Order:
    return ordered(session, session.parent / "d", list(formats), choice, held_out, "", [], "", force=False)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"sources": ["teacher"]}, "--source: "),
        ({"verdicts": ["maybe"]}, "--verdict: "),
        ({"role": "judge"}, "--role: "),
        ({"min_solve_rate": 7}, "--min-solve-rate: "),
        ({"held_out": 1.5}, "--held-out is a share"),
        ({"held_out": float("nan")}, "--held-out is a share"),
    ],
)
def test_a_filter_that_is_none_is_a_sentence(session: Path, asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        request(session, **asked)


def test_formats_are_shapes_and_parquet_a_container(session: Path) -> None:
    assert (request(session).formats, request(session).container) == (("sft",), "jsonl")
    both = request(session, "kto", "parquet", "sft")
    assert (both.formats, both.container) == (("sft", "kto"), "parquet")
    with pytest.raises(ConfigError, match="There is no format 'yaml'"):
        request(session, "yaml")


def test_what_the_session_has_not_is_named_with_what_it_has(session: Path) -> None:
    with history(session) as story:
        for choice, sentence in (
            ({"domains": ["poetry"]}, "has no domain 'poetry'. It has: arithmetic"),
            ({"rounds": [9]}, "has no round '9'. It has: 1, 2"),
            ({"policies": ["nobody"]}, "has no policy 'nobody'. It has: arithmetic@2, base"),
        ):
            with pytest.raises(SessionError, match=re.escape(sentence)):
                must_know(story, request(session, **choice))


def test_what_is_wrong_with_a_request_writes_nothing(session: Path, tmp_path: Path) -> None:
    to = tmp_path / "d"
    assert "no domain 'poetry'" in refused("export", session, "--to", to, "--domain", "poetry")
    assert "of data or of weights" in refused("export", session, "--to", to, "--adapter", "--format", "sft")
    assert "pretended by a dry run" in refused("export", session, "--to", to, "--adapter", "student-r0001")
    assert "holds no session" in refused("export", tmp_path / "none", "--to", to)
    assert not list(tmp_path.iterdir())


def test_a_session_that_is_played_is_copied_first(session: Path, tmp_path: Path) -> None:
    """The lock names a process that lives: this one."""
    (session / "session.lock").write_text(str(os.getpid()))
    first = load(right("export", session, "--to", tmp_path / "live", "--json"))
    (session / "session.lock").write_text("")
    second = load(right("export", session, "--to", tmp_path / "still", "--json"))
    assert first == second


def test_a_push_sends_exactly_what_the_manifest_lists(exported: Path, hub: Hub, tmp_path: Path) -> None:
    (exported.parent / "beside").write_text("not of the export")
    (exported / ".cache").mkdir(exist_ok=True)
    (exported / ".cache" / "stray").write_text("not of the export")
    said = right("push", exported, "me/data", "--yes", **surroundings(hub, tmp_path))
    assert "to the private dataset me/data" in said
    listed = load((exported / "noria.json").read_text())["files"]
    assert hub.files.keys() == {*listed, "noria.json"}
    assert all(hub.files[name] == (exported / name).read_bytes() for name in hub.files)
    (made,) = hub.made
    assert (made["name"], made["organization"], made["type"]) == ("data", "me", "dataset")
    assert made.get("private", made.get("visibility")) in (True, "private")
    assert {token for _, path, token in hub.asked if path.startswith("/api/repos")} == {f"Bearer {TOKEN}"}


def test_a_dry_run_sends_nothing_and_needs_no_token(exported: Path, hub: Hub, tmp_path: Path) -> None:
    around = surroundings(hub, tmp_path) | {"HF_TOKEN": ""}
    said = right("push", exported, "me/data", "--dry-run", "--public", **around)
    assert "to the public dataset me/data" in said
    assert "data/sft-train.jsonl" in said
    assert said.strip().endswith("Nothing was sent.")
    assert hub.asked == []


@pytest.mark.parametrize("hub", [True], indirect=True)
def test_a_repository_that_is_public_already_takes_nothing_by_mistake(exported: Path, hub: Hub, tmp_path: Path) -> None:
    around = surroundings(hub, tmp_path)
    assert "is there already and is public" in refused("push", exported, "me/data", "--yes", **around)
    assert hub.files == {}
    right("push", exported, "me/data", "--yes", "--public", **around)
    assert hub.files


def test_a_push_asks_and_needs_a_token_and_a_whole_folder(exported: Path, hub: Hub, tmp_path: Path) -> None:
    around = surroundings(hub, tmp_path)
    assert "Nobody answered" in refused("push", exported, "me/data", **around)
    assert "no token" in refused("push", exported, "me/data", "--yes", **around | {"HF_TOKEN": ""})
    assert hub.asked == []


def test_only_a_whole_export_goes_to_a_repository_with_an_owner(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names no repository"):
        planned(exported, "data", public=False)
    with pytest.raises(SessionError, match="is no export of Noria"):
        planned(tmp_path, "me/data", public=False)
    card = exported / "README.md"
    text = card.read_text()
    card.write_text(text + "changed")
    with pytest.raises(SessionError, match=r"'README\.md'"):
        planned(exported, "me/data", public=False)
    card.write_text(text)


def test_a_hub_that_is_away_is_a_sentence(exported: Path, tmp_path: Path) -> None:
    around: Any = {
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(tmp_path),
        "HF_HUB_OFFLINE": "0",
    }
    assert "did not take 'me/data'" in refused("push", exported, "me/data", "--yes", **around)
