"""Templates as a person handles them: listed, linted, rendered, compared, tried, and put on trial."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from noria.cli import prompts
from noria.cli.main import app
from noria.errors import NoriaError
from noria.graphs.run import run
from noria.memory.ledger import Ledger
from noria.prompts.fields import FIELDS
from noria.prompts.lookup import PACKAGED
from tests import build
from tests.cli import shell

assert prompts.prompts.registered_commands


def noria(*words: str | Path) -> Result:
    """The command line in this process; `main` adds the sentence and the status."""
    return CliRunner().invoke(app, [str(word) for word in words])


def right(*words: str | Path) -> str:
    done = noria(*words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def load(*words: str | Path) -> Any:
    return json.loads(right(*words, "--json"))


def refused(*words: str | Path) -> str:
    done = noria(*words)
    assert isinstance(done.exception, NoriaError), (done.output, done.exception)
    assert done.exception.status == 2
    return str(done.exception)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    domains = {"arithmetic": (1, 2), "text_ops": (1,), "units": (1,)}
    play = {"episodes": 12, "attempts": 3, "batch": 6}
    rules = build.config(tmp_path_factory.mktemp("prompts"), domains=domains, play=play)
    asyncio.run(run(rules, build.means(rules)))
    return rules.session


@pytest.fixture
def brief(tmp_path: Path) -> Path:
    path = tmp_path / "brief.md"
    path.write_text((PACKAGED / "generator.md").read_text().replace("short practice", "very short practice"))
    return path


def test_the_list_says_where_each_came_from(
    session: Path, brief: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {one["name"]: one for one in load("prompts", "list", session)}
    assert set(found) == set(FIELDS)
    assert {(one["from"], one["changed"]) for one in found.values()} == {("session", False)}
    mine = tmp_path / "home" / "noria" / "prompts"
    mine.mkdir(parents=True)
    shutil.copy(brief, mine / "generator.md")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    said = right("prompts", "list")
    (line,) = [line for line in said.splitlines() if line.startswith("generator")]
    assert "user" in line
    assert "its own" in line
    assert "holds no session" in refused("prompts", "list", tmp_path)


def test_show_and_diff_know_names_files_places_and_versions(session: Path, brief: Path) -> None:
    assert right("prompts", "show", "solver").strip() == (PACKAGED / "solver.md").read_text().strip()
    version = load("prompts", "show", "generator", "-s", session)["version"]
    found = load("prompts", "diff", version[:14], brief, "-s", session)
    assert not found["same"]
    assert [line[0] for line in found["diff"] if "practice" in line] == ["-", "+"]
    said = right("prompts", "diff", brief)
    assert "+You write very short practice" in said
    assert "\x1b" not in said
    assert "Both are" in right("prompts", "diff", "package:generator", "generator", "-s", session)
    assert "No one version is named" in refused("prompts", "diff", "generator@0000", "-s", session)
    assert "no template, no version and no file" in refused("prompts", "show", "genrator")


def test_lint_finds_all_faults_of_all_files_and_says_so_by_its_status(session: Path, brief: Path) -> None:
    assert f"{len(FIELDS)} templates, 0 faults, 0 warnings" in right("prompts", "lint")
    assert "0 faults" in right("prompts", "lint", session, brief)
    text = brief.read_text()
    brief.write_text(text.replace("description:", "desription:"))
    other = brief.with_name("solver.md")
    other.write_text(
        "---\nname: solver\ndescription: d\ninputs: [instruction]\n---\nuser:\n{% for %}\nassistant:\n{{ x\n"
    )
    done = noria("prompts", "lint", brief, other)
    assert done.exit_code == 2
    assert f"{brief}:3: The front matter has an unknown key `desription`. Did you mean `description`?" in done.stdout
    assert f"{other}:8: " in done.stdout
    rows = json.loads(noria("prompts", "lint", other, "--json").stdout)
    assert {row["line"] for row in rows} >= {8}
    assert "no file or folder" in refused("prompts", "lint", brief.with_name("nowhere"))


def test_render_shows_what_a_real_episode_asks(session: Path, brief: Path) -> None:
    one = load("prompts", "try", brief, "-s", session, "-n", "1")["seeds"][0]
    found = load("prompts", "render", brief, "-s", session, "--episode", one["episode"])
    sent = [message["content"].split("Do not repeat")[0] for message in found["messages"]]
    assert "very short practice" in sent[0]
    assert sent[1] == one["b"]["messages"][1]["content"].split("Do not repeat")[0]
    said = right("prompts", "render", "solver", "--field", "instruction=Name a river.")
    assert said.splitlines()[-1] == "Name a river."
    assert "no episode 'episode-0'" in refused(
        "prompts", "render", "generator", "-s", session, "--episode", "episode-0"
    )
    assert "KEY=VALUE" in refused("prompts", "render", "solver", "--field", "instruction")


def _bytes(session: Path) -> dict[str, int]:
    return {str(path): path.stat().st_size for path in session.rglob("*") if path.is_file() and "-shm" not in path.name}


@pytest.mark.parametrize("name", ["generator", "critic", "adversary", "judge", "solver"])
def test_try_asks_real_seeds_of_every_seat_and_writes_nothing(session: Path, brief: Path, name: str) -> None:
    ledger = Ledger(session)
    head = ledger.fact("config"), _bytes(session)
    ledger.close()
    found = load("prompts", "try", brief if name == "generator" else name, "-s", session, "-n", "3")
    assert found["asked"] == "a puppet"
    assert len(found["seeds"]) == 3
    assert (found["a"]["version"] == found["b"]["version"]) == (name != "generator")
    for seed in found["seeds"]:
        assert seed["a"]["marks"]["parses"]
        assert [one["role"] for one in seed["b"]["messages"]] == ["system", "user"]
    ledger = Ledger(session)
    assert (ledger.fact("config"), _bytes(session)) == head
    ledger.close()


def test_try_says_side_by_side_what_came_of_both(session: Path, brief: Path) -> None:
    said = right("prompts", "try", brief, "-s", session, "-n", "2")
    assert "A, in force: generator@" in said
    assert "B, tried: generator@" in said
    assert said.count("✓ parses") == 4
    assert "differ by chance" in said
    for words, sentence in (
        (("--endpoint", "nowhere"), "no address and no endpoint"),
        (("--endpoint", "http://127.0.0.1:1/v1"), "Name it with --model"),
        (("--endpoint", "http://127.0.0.1:1/v1", "--dry-run"), "Either an endpoint"),
    ):
        assert sentence in refused("prompts", "try", brief, "-s", session, *words)


def test_a_trial_is_refused_where_there_is_nothing_to_compare(session: Path, brief: Path) -> None:
    assert "finished" in refused("prompts", "ab", "generator", "generator", brief, "-s", session)
    assert "is the template 'generator', not 'critic'" in refused(
        "prompts", "ab", "critic", "critic", brief, "-s", session
    )
    assert "by episode or by round" in refused(
        "prompts", "ab", "generator", "generator", brief, "-s", session, "--by", "x"
    )
    assert "Which session" in refused("prompts", "ab", "generator", "generator", brief)
    assert "compared no templates" in right("prompts", "ab", session)
    assert load("prompts", "ab", "--report", session) == []


def test_the_shell_says_a_sentence_and_a_status(tmp_path: Path) -> None:
    faulty = tmp_path / "solver.md"
    faulty.write_text("nothing")
    done = shell.noria("prompts", "lint", faulty)
    assert (done.returncode, done.stderr) == (2, "")
    assert f"{faulty}:1: A template must begin with front matter" in done.stdout
    assert "is no template" in shell.refused("prompts", "show", "genrator")
