"""A session from `init` to the accepted-data log, by the commands a user types."""

import json
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
import typer

from noria.cli import main
from noria.cli.panels import PANELS
from noria.memory.ledger import FILE
from noria.memory.neighbours import FOLDER
from tests.cli.shell import config, load, noria, refused, right


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    said = right("run", "--dry-run", "--config", config(folder))
    assert "round 2: play 12 episodes" in said
    assert "Funnel" in said
    assert "Stages" in said
    return folder / "session"


def test_every_command_stands_in_a_panel_of_the_help() -> None:
    main.register()
    top = typer.main.get_command(main.app)
    commands = getattr(top, "commands", {}).values()
    shown = {one.name for one in commands if not one.hidden}
    assert shown == {name for names in PANELS.values() for name in names}
    assert all(one.rich_help_panel in PANELS for one in commands if not one.hidden)


def test_init_writes_a_config_that_runs(tmp_path: Path) -> None:
    right("init", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["noria.yaml", "prompts"]
    summary = load(right("run", "--dry-run", "--json", "--config", tmp_path / "noria.yaml"))
    assert summary["finished"] == "rounds: 2 played"
    assert "exists already" in refused("init", tmp_path)


def test_status_is_the_same_in_words_and_as_json(session: Path) -> None:
    summary = load(right("status", session, "--json"))
    assert [one["round"] for one in summary["rounds"]] == [1, 2]
    assert summary["finished"] == "rounds: 2 played"
    assert {"funnel", "reasons", "samples", "exams", "policies", "seats", "tokens", "machine"} <= set(summary)
    said = right("status", session)
    assert f"Accepted: {summary['samples']['accepted']} samples" in said
    assert any("well formed" in line and "accepted" in line for line in said.splitlines())
    assert "…" not in said


def test_seats_says_who_holds_what(session: Path, tmp_path: Path) -> None:
    found = {one["role"]: one for one in load(right("seats", session, "--json"))}
    assert list(found) == ["generator", "critic", "adversary", "judge", "solver"]
    assert {one["holder"] for one in found.values()} == {"base"}
    assert found["judge"]["how"] == found["generator"]["how"] == "until a student earns it"
    assert found["critic"]["how"] == "fixed by the config"
    assert found["solver"]["how"] == "no student was promoted"
    assert "until a student earns it" in right("seats", session)
    assert "holds no session" in refused("seats", tmp_path)


def test_the_accepted_log_is_a_dataset(session: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    path = tmp_path / "accepted.jsonl"
    path.write_text(right("accepted", session, "--jsonl"))
    rows = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    summary = load(right("status", session, "--json"))
    assert len(rows) == summary["samples"]["accepted"]
    assert Counter(row["provenance"]["source"] for row in rows) == summary["samples"]["by_source"]
    for row in rows:
        assert [message["role"] for message in row["messages"]][-2:] == ["user", "assistant"]
        assert row["provenance"]["episode"]
    assert len(right("accepted", session, "--jsonl", "--role", "all").splitlines()) > len(rows)
    assert len(right("accepted", session, "--jsonl", "-n", "3").splitlines()) == 3
    assert "no role 'judges'" in refused("accepted", session, "--role", "judges")


def test_the_accepted_log_proves_itself_or_names_its_first_bad_sample(session: Path, tmp_path: Path) -> None:
    found = load(right("accepted", "verify", session, "--json"))
    rows = right("accepted", session, "--jsonl", "--role", "all").splitlines()
    assert found["samples"] == len(rows)
    assert found["head"] in right("accepted", "verify", session, "--head", found["head"])
    assert "never had the head" in refused("accepted", "verify", session, "--head", "0" * 63 + "1")
    assert right("accepted", "log", session) == right("accepted", session)
    copy = tmp_path / "verify"
    shutil.copytree(session, copy)
    with sqlite3.connect(copy / FILE) as connection:
        (key,) = connection.execute("SELECT id FROM samples WHERE sequence = 4").fetchone()
        connection.execute("UPDATE samples SET body = replace(body, 'assistant', 'user') WHERE sequence = 4")
    connection.close()
    said = refused("accepted", "verify", copy)
    assert f"is broken at the sample {key} (number 4," in said
    assert "Restore the ledger" in said


def test_what_was_accepted_stands_an_attack_of_today(session: Path) -> None:
    found = load(right("attack", session, "--json"))
    count = len(right("accepted", session, "--jsonl").splitlines())
    assert found == {"attacked": count, "left_out": 0, "broken": [], "beaten": []}
    assert "0 broke; beaten verifiers: none" in right("attack", session)
    assert "holds no session" in refused("attack", session / "nowhere")


def test_an_attack_that_breaks_a_sample_says_so_by_its_status(tmp_path: Path) -> None:
    source = (Path(__file__).parent.parent.parent / "examples" / "clock.py").read_text()
    own = tmp_path / "clock.py"
    own.write_text(source)
    right("run", "--dry-run", "--config", config(tmp_path, domains={"clock": [1]}, domain_files=["clock.py"]))
    # Its author let silence pass, after all was accepted.
    head, check, rest = source.partition("Check, ...]:\n")
    own.write_text(head + check + HOLE + rest)
    done = noria("attack", tmp_path / "session", "--json")
    found = load(done.stdout)
    assert done.returncode == 1
    assert found["beaten"] == ["clock@1"]
    assert len(found["broken"]) == found["attacked"] > 0
    assert "and it beat the verifier" in noria("attack", tmp_path / "session").stdout


HOLE = "        if not response.strip():\n            return (Check.of('time', True, 'nothing is wrong'),)\n"


def test_a_trace_tells_every_turn_with_its_seat(session: Path) -> None:
    listed = right("trace", session, "--round", "2").splitlines()
    assert len(listed) == 12
    accepted = next(line.split()[0] for line in listed if "accepted" in line)
    said = right("trace", session, accepted)
    for seat in ("generator · base", "solver · ", "critic · base", "adversary · base", "judge · base"):
        assert seat in said
    body = load(right("trace", session, accepted, "--json"))
    assert body["episode"]["id"] == accepted
    assert len(body["turns"]) >= 5
    assert "knows no episode 'episode-x'" in refused("trace", session, "episode-x")


def test_an_exam_is_told_with_its_items(session: Path) -> None:
    said = right("exam", session, "--round", "1")
    assert "before" in said
    found = load(right("exam", session, "--json", "--round", "1"))
    assert said.count("parent: ") == len(found["items"])
    assert said.count("(frozen)") == found["exams"][0]["frozen"]["items"] > 0
    assert len(found["items"]) == found["exams"][0]["items"] + found["exams"][0]["frozen"]["items"]
    for name in ("gain", "domains", "frozen", "prose", "form", "power"):
        assert f"  {name}: " in said


def test_the_index_can_be_deleted_and_rebuilt(session: Path) -> None:
    import shutil

    shutil.rmtree(session / FOLDER)
    count = load(right("status", session, "--json"))["samples"]["accepted"]
    assert f"holds {count} samples again" in right("memory", "rebuild", session)


def test_resuming_a_finished_session_changes_nothing(session: Path) -> None:
    before = load(right("status", session, "--json"))
    after = load(right("resume", session, "--json"))
    assert after["funnel"] == before["funnel"]
    assert after["seats"] == before["seats"]


def test_a_second_session_over_the_first_is_refused(session: Path) -> None:
    sentence = refused("run", "--dry-run", "--config", session.parent / "noria.yaml")
    assert "already holds a session" in sentence
    assert "noria resume" in sentence


def test_json_is_all_that_json_prints(tmp_path: Path) -> None:
    done = noria("run", "--dry-run", "--json", "--config", config(tmp_path))
    assert done.returncode == 0
    assert json.loads(done.stdout)["finished"]
    assert "round 1: play" in done.stderr


def test_help_names_every_command() -> None:
    said = right("--help")
    for name in (
        "init",
        "run",
        "resume",
        "status",
        "accepted",
        "trace",
        "exam",
        "why",
        "descendants",
        "purge",
        "model",
        "memory",
        "doctor",
    ):
        assert name in said
