"""Reading from the shell: lists with filters, figures, and questions in SQL."""

import csv
import io
import os
import pty
import shutil
import sqlite3
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from noria.cli import accepted, figures, query, reading, readings  # noqa: F401  (the commands register themselves)
from noria.cli.main import app
from noria.errors import NoriaError
from noria.memory.catalogue import FILE
from noria.memory.ledger import FILE as LEDGER
from tests.cli import shell
from tests.cli.shell import config, load


def right(*words: str | Path) -> str:
    """What a command prints, in this process: a new one for each of so many would take minutes."""
    said = io.StringIO()
    with redirect_stdout(said):
        app([str(word) for word in words], standalone_mode=False)
    return said.getvalue()


def refused(*words: str | Path) -> str:
    """The sentence of a refusal."""
    with pytest.raises(NoriaError) as fault:
        right(*words)
    assert fault.value.status == 2
    return str(fault.value)


LISTS = ("accepted", "refused", "trace")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readings")
    changes = {"domains": {"arithmetic": [1, 2], "units": [1]}, "play": {"episodes": 30, "attempts": 2}}
    shell.right("run", "--dry-run", "--config", config(folder, **changes))
    return folder / "session"


def asked(session: Path, sql: str) -> list[dict[str, Any]]:
    return [load(line) for line in right("query", session, sql, "--json").splitlines()]


@pytest.mark.parametrize("command", LISTS)
def test_a_list_shows_its_end_and_says_how_to_see_more(session: Path, command: str) -> None:
    whole = [load(line) for line in right(command, session, "--json").splitlines()]
    head = [line for line in right(command, session, "-n", "3").splitlines() if not line.startswith(" ")]
    assert len(head) == 4
    assert head[-1].startswith(f"3 of {len(whole)} ")
    assert "newest last: --limit 0 shows all, --before " in head[-1]
    assert [line.split()[0] for line in head[:3]] == [one["id"] for one in whole[-3:]]
    earlier = right(command, session, "-n", "2", "--before", head[-1].split("--before ")[1].split()[0]).splitlines()
    assert [line.split()[0] for line in earlier if not line.startswith(" ")][:2] == [one["id"] for one in whole[-5:-3]]
    every = right(command, session, "--limit", "0").splitlines()
    assert sum(not line.startswith(" ") for line in every) >= len(whole)


def test_filters_narrow_to_what_sql_finds(session: Path) -> None:
    for words, sql in (
        (["accepted", "--domain", "units"], "SELECT id FROM accepted WHERE domain = 'units'"),
        (["accepted", "--level", "2", "--round", "1"], "SELECT id FROM accepted WHERE level = 2 AND round = 1"),
        (["accepted", "--source", "student"], "SELECT id FROM accepted WHERE source = 'student'"),
        (["accepted", "--policy", "base"], "SELECT id FROM accepted WHERE generator_name = 'base'"),
        (["refused", "--reason", "duplicate"], "SELECT id FROM refused WHERE reason = 'duplicate'"),
        (["refused", "--stage", "proposed"], "SELECT id FROM refused WHERE stage = 'proposed'"),
        (["trace", "--outcome", "accepted", "--domain", "units"],
         "SELECT id FROM episodes WHERE outcome = 'accepted' AND domain = 'units'"),
        (["trace", "--verdict", "accept"], "SELECT DISTINCT episode AS id FROM verdicts WHERE ruling = 'accept'"),
    ):  # fmt: skip
        command, *flags = words
        found = [load(line)["id"] for line in right(command, session, *flags, "--json").splitlines()]
        assert sorted(found) == sorted(row["id"] for row in asked(session, sql)), words
    (version, count) = asked(session, "SELECT version, count(*) AS n FROM used GROUP BY 1")[0].values()
    assert len(right("trace", session, "--template", version, "--json").splitlines()) == count


def test_a_search_finds_words_and_their_beginnings(session: Path) -> None:
    row = asked(session, "SELECT id, instruction FROM accepted WHERE domain = 'units' LIMIT 1")[0]
    first, second = row["instruction"].split()[:2]
    for words in (f"{first} {second}", f'"{first} {second}"', f"{first} {second[:2]}"):
        assert row["id"] in right("accepted", session, "--search", words, "--limit", "0")
    for nothing in ('"', "(((", "\u202e", "zebra AND NOT", "a" * 500):
        assert "0 rows" in right("accepted", session, "--search", nothing)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["accepted", "--domain", "chess"], "The session has no domain 'chess'. It has arithmetic, units."),
        (["refused", "--reason", "boredom"], "The session has no reason 'boredom'. It has "),
        (["trace", "--round", "7"], "The session has no round 7. It has 1, 2."),
        (["accepted", "--policy", "nobody"], "The session has no policy 'nobody'. It has "),
        (["accepted", "--verdict", "maybe"], "There is no verdict 'maybe'. It is accept, revise or reject."),
        (["trace", "--template", "solver@0"], "No episode was played with the template 'solver@0'."),
        (["cost", "--policy", "nobody"], "No call was made of the policy 'nobody'."),
        (["policies", "--state", "asleep"], "It has base, "),
        (["exams", "--policy", "nobody"], "No exam was sat by the policy 'nobody'."),
        (["funnel", "--domain", "chess"], "The session has no domain 'chess'."),
    ],
)
def test_a_filter_for_what_is_not_there_says_what_is(session: Path, words: list[str], said: str) -> None:
    assert said in refused(words[0], session, *words[1:])


def test_the_funnel_is_that_of_the_status(session: Path) -> None:
    summary = load(right("status", session, "--json"))
    found = load(right("funnel", session, "--json"))
    for row, one in zip(found["rounds"], summary["rounds"], strict=True):
        assert row == {"round": one["round"], **one["funnel"]}
    turned = {reason: count for reason, count in summary["reasons"].items() if reason != "verified"}
    counts: dict[str, int] = {}
    for one in found["reasons"]:
        counts[one["reason"]] = counts.get(one["reason"], 0) + one["episodes"]
    assert counts == turned
    said = right("funnel", session, "--round", "1")
    assert all(len(line) <= 80 for line in said.splitlines())
    assert said.endswith("30 episodes\n")


def test_the_cost_is_that_of_the_status_and_has_a_price(session: Path) -> None:
    summary = load(right("status", session, "--json"))
    found = load(right("cost", session, "--json", "--price-prompt", "2", "--price-completion", "10"))
    total = found["total"]
    assert (total["prompt_tokens"], total["completion_tokens"]) == tuple(summary["tokens"].values())
    assert total["money"] == pytest.approx((2 * total["prompt_tokens"] + 10 * total["completion_tokens"]) / 1e6)
    assert found["a_sample"]["prompt_tokens"] == pytest.approx(total["prompt_tokens"] / found["accepted"])
    said = right("cost", session)
    assert "money" not in said
    assert f"An accepted sample ({found['accepted']} of them): " in said
    assert all(len(line) <= 80 for line in said.splitlines())


def test_policies_and_exams_say_what_became_of_whom(session: Path) -> None:
    found = [load(line) for line in right("policies", session, "--json").splitlines()]
    assert [one["name"] for one in found][:2] == ["base", "student-r0001"]
    assert found[0]["state"] == "base"
    assert found[1]["learned"] > 0
    assert "student-r0001" in right("policies", session, "--policy", "student-r0001")
    assert right("exams", session, "--round", "1") == right("exam", session, "--round", "1")
    only = load(right("exams", session, "--policy", "student-r0001", "--json"))
    assert [one["round"] for one in only["exams"]] == [1]


def test_a_beginning_names_an_episode_of_a_trace(session: Path) -> None:
    key = asked(session, "SELECT id FROM episodes LIMIT 1")[0]["id"]
    assert right("trace", session, key.removeprefix("episode-")[:9]) == right("trace", session, key)


def test_a_query_is_a_table_or_json_or_csv(session: Path) -> None:
    sql = "SELECT outcome, count(*) AS episodes FROM episodes GROUP BY outcome ORDER BY outcome"
    rows = asked(session, sql)
    assert sum(row["episodes"] for row in rows) == 60
    assert list(csv.DictReader(io.StringIO(right("query", session, sql, "--csv")))) == [
        {name: str(value) for name, value in row.items()} for row in rows
    ]
    head, first, *_ = right("query", session, sql).splitlines()
    assert head.split() == ["outcome", "episodes"]
    assert first.split() == ["accepted", str(rows[0]["episodes"])]
    assert asked(session, "SELECT count(*) AS n FROM ledger.episodes") == [{"n": 60}]
    wide = right("query", session, "SELECT * FROM episodes LIMIT 2")
    assert wide.startswith("row 1\n  number ")
    done = shell.noria("query", session, "SELECT * FROM turns", "-n", "2")
    assert "There are more than 2 rows: --limit 0 shows all." in done.stderr
    assert asked(session, "SELECT x'00ff' AS b, 1e999 AS f, NULL AS n") == [{"b": "x'00ff'", "f": None, "n": None}]
    assert asked(session, "SELECT count(*) AS n FROM words WHERE words MATCH 'the'")[0]["n"] >= 0


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELEC 1", 'near "SELEC": syntax error'),
        ("SELECT * FROM nowhere", "no such table: nowhere"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("SELECT 1; DROP TABLE episodes", "one statement at a time"),
        ("DELETE FROM episodes", "A query may only read."),
        ("DELETE FROM ledger.episodes", "A query may only read."),
        ("INSERT INTO words (rowid, answer) VALUES (1, 'x')", "A query may only read."),
        ("CREATE TEMP TABLE x (y)", "A query may only read."),
        ("ATTACH '/tmp/x.db' AS x", "A query may only read."),
        ("DETACH ledger", "A query may only read."),
        ("VACUUM INTO '/tmp/x.db'", "A query may only read."),
        ("PRAGMA journal_mode = DELETE", "A query may only read."),
        ("PRAGMA query_only = 0", "A query may only read."),
        ("SELECT load_extension('/tmp/x.so')", "A query may only read."),
        ("BEGIN EXCLUSIVE", "A query may only read."),
        ("EXPLAIN DELETE FROM episodes", "A query may only read."),
        ("-- nothing", "That is no question."),
        ("SELECT zeroblob(900000000)", "string or blob too big"),
        ("SELECT '\x00'", "refuses the query"),
        ("SELECT abs(-9223372036854775808)", "integer overflow"),
    ],
)
def test_a_query_can_do_nothing_but_read(session: Path, sql: str, said: str) -> None:
    from noria.errors import SessionError
    from noria.memory.catalogue import catalogue
    from noria.memory.catalogue.asking import asked

    before = (session / LEDGER).read_bytes(), (session / FILE).read_bytes()
    with catalogue(session) as found, pytest.raises(SessionError) as fault, asked(found, sql, 5) as answer:
        list(answer.rows)
    assert said in str(fault.value)
    assert ((session / LEDGER).read_bytes(), (session / FILE).read_bytes()) == before


def test_a_bad_query_is_a_sentence_and_a_status(session: Path, tmp_path: Path) -> None:
    assert "syntax error" in shell.refused("query", session, "SELECT FROM")
    assert "A query may only read." in refused("query", session, "DROP TABLE episodes")
    endless = "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT count(*) FROM a"
    assert "The query was stopped after 0.2 s." in refused("query", session, endless, "--seconds", "0.2")
    assert "JSON or CSV, not both" in refused("query", session, "SELECT 1", "--json", "--csv")
    for command in (*LISTS, "funnel", "cost", "policies", "exams", "query"):
        assert "holds no session" in refused(command, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_a_question_the_tables_are_listed(session: Path) -> None:
    said = right("query", session)
    for name in ("episodes: ", "accepted (view): ", "samples: ", "    solve_rate "):
        assert name in said
    listed = [load(line) for line in right("query", session, "--json").splitlines()]
    assert {one["name"] for one in listed} >= {"episodes", "samples", "turns", "refused"}
    assert all(column["said"] for one in listed for column in one["columns"])


def test_hostile_text_is_printed_as_text(session: Path, tmp_path: Path) -> None:
    own = shutil.copytree(session, tmp_path / "own", ignore=shutil.ignore_patterns(f"{FILE}*"))
    with sqlite3.connect(own / LEDGER) as connection:
        connection.execute(
            "UPDATE episodes SET body = json_set(body, '$.evidence', ?) WHERE outcome = 'refused'",
            ("\x1b]0;owned\x07\x1b[31mred\u202eevil [bold]not markup[/bold]\nsecond line",),
        )
    connection.close()
    for words in (
        ["refused"], ["query", "SELECT evidence FROM refused"], ["query", "SELECT id, evidence, * FROM refused"],
    ):  # fmt: skip
        said = right(words[0], own, *words[1:])
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert "evil [bold]not mark" in said


def on_a_terminal(*words: str | Path, rows: int = 24) -> str:
    """What a command shows on a terminal of eighty columns, on which somebody presses q."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-m", "noria", *map(str, words)],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
    ):  # fmt: skip
        os.close(theirs)
        os.write(ours, b"q")
        said = b""
        try:
            while more := os.read(ours, 4096):
                said += more
        except OSError:  # the other side has gone
            pass
    os.close(ours)
    return said.decode()


def test_on_a_terminal_nothing_is_wider_than_it(session: Path) -> None:
    for words in (["refused", "-n", "4"], ["funnel"], ["cost"], ["policies"], ["query", "SELECT * FROM turns LIMIT 1"]):
        said = on_a_terminal(words[0], session, *words[1:], "--no-pager")
        lines = said.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
        assert all(len(line) <= 80 for line in lines), (words, [line for line in lines if len(line) > 80])


def test_long_output_on_a_terminal_is_paged_until_it_is_left(session: Path) -> None:
    said = on_a_terminal("trace", session, "--limit", "0", rows=10)
    assert 5 < said.count("episode-") < 60
    assert on_a_terminal("trace", session, "-n", "5", rows=24).count("episode-") == 5
