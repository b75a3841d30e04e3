"""The catalogue says what the ledger says: however it was filled, whoever was killed, whatever was written."""

import asyncio
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.errors import SessionError
from noria.graphs.run import run
from noria.graphs.summary import summarise
from noria.identity import digest
from noria.memory.catalogue import FILE, Catalogue, catalogue, match
from noria.memory.catalogue.tables import VERSION, described
from noria.memory.history import History
from noria.memory.learned import taught
from noria.memory.ledger import FILE as LEDGER
from noria.memory.ledger import Ledger
from noria.memory.moves import move
from noria.memory.withdrawals import tainting, withdrawing
from noria.types import Critique, ExamItem, Move
from tests import build
from tests.memory.test_migrations import old

TABLES = [one.name for one in described() if one.name not in ("marks", "words")]
WORDS = ("sum", "apples", "what")


def dump(session: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything a catalogue says, brought up to its ledger."""
    with catalogue(session) as found:
        rows = {name: sorted(map(tuple, found.rows(f"SELECT * FROM {name}")), key=repr) for name in TABLES}
        for word in WORDS:
            hits = found.rows("SELECT rowid FROM words WHERE words MATCH :words", {"words": match(word)})
            rows[f"words: {word}"] = sorted(map(tuple, hits))
        return rows


def anew(session: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What a catalogue says that is made from nothing."""
    for file in session.glob(f"{FILE}*"):
        file.unlink()
    return dump(session)


def hand(at: int, *, accepted: bool) -> tuple[Any, list[Any]]:
    """An episode with all that one can have, and its sample."""
    key, made = f"episode-{at}", build.attempt(response=f"{at} apples")
    who = f"policy-{at % 3}"
    made = made.model_copy(update={"id": f"attempt-{at}", "policy": who})
    task = build.task(instruction=f"What is the sum of {at} and {at}?")
    episode = build.episode(
        key, position=at, drafts=(task,), attempts=(build.attempt(False, "no"), made), solve_rate=0.5,
        critiques=(Critique(policy=who, faults=("clumsy",), advice="mend it", revise=False),),
        attacks=(build.attack(),), verdicts=(build.verdict(),), checks=(build.check(True),),
        **({"outcome": "accepted", "reason": "verified", "stage": "accepted", "sample": f"sample-{at}"}
           if accepted else {}),
    )  # fmt: skip
    story = {"episode": key, "attempt": made.id, "policy": who, "verifier": f"arithmetic@{1 + at % 2}"}
    return episode, [build.sample(f"sample-{at}", asked=f"What is the sum of {at}?", **story)] * accepted


class Played:
    """A session whose ledger grows step by step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = Ledger(folder, write=True)
        self.history = History(self.ledger)
        self.at = 0

    def episode(self, accepted: bool) -> None:
        self.at += 1
        episode, samples = hand(self.at, accepted=accepted)
        for role in ("generator", "solver"):
            call = build.turn(episode.id, role, policy=f"policy-{self.at % 3}", template=f"{role}@{self.at % 2}")
            asyncio.run(self.history.keep_turn(call))
        asyncio.run(self.history.settle(episode, samples))

    def policy(self) -> None:
        number = len(self.history.policies())
        one = build.policy(f"student-r{number:04}", id=f"policy-{number}", round=number, student=True)
        pointers = ("base", "student") if not number else ()
        learned = taught(one.id, [sample.id for sample in self.history.samples()])
        asyncio.run(self.history.keep_policy(one, *pointers, also=[learned]))

    def beaten(self) -> None:
        self.at += 1
        probe = build.probe(True).model_copy(update={"beat": True})
        attack = build.attack().model_copy(update={"probes": (probe,)})
        task = build.task(grounding={"verifier": f"arithmetic@{1 + self.at % 2}", "facts": {}, "signature": "s"})
        asyncio.run(
            self.history.settle(
                build.episode(f"episode-{self.at}", position=-self.at, drafts=(task,), attacks=(attack,))
            )
        )

    def purged(self) -> None:
        ids = [sample.id for sample in self.history.samples()][:2]
        rows = [*withdrawing("ids", 1.0, [("it was named", ids)]), *tainting("ids", 1.0, [("policy-1", "it learned")])]
        self.ledger.write_now(*rows)

    def examined(self) -> None:
        number = len(self.history.exams()) + 1
        exam = build.exam(number, "policy-0", f"policy-{number}")
        item = ExamItem(task=build.task(), parent="3", student="4", parent_passed=True, student_passed=False)
        asyncio.run(self.history.keep_exam(exam, [item]))
        one = {"key": f"promote/{number}", "round": number, "cause": "promote", "before": "policy-0"}
        step = Move.model_validate({**one, "after": f"policy-{number}", "why": exam.why, "at": 1.0})
        asyncio.run(move(self.history, step))

    def ended(self) -> None:
        spent = {"play": {"seconds": float(self.at), "prompt_tokens": 1, "completion_tokens": 2}}
        asyncio.run(self.history.keep_round(1, "ended", stages=spent))


STEPS: dict[str, Callable[[Played], None]] = {
    "accepted": lambda one: one.episode(True), "refused": lambda one: one.episode(False), "policy": Played.policy,
    "beaten": Played.beaten, "purged": Played.purged, "examined": Played.examined, "ended": Played.ended,
}  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(steps=st.lists(st.sampled_from([*STEPS, "look", "part"]), max_size=14))
def test_it_says_the_same_however_it_was_filled(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    one = Played(tmp_path_factory.mktemp("catalogue"))
    kept = Catalogue(one.folder)
    for step in steps:
        if step == "look":
            assert kept.catch_up()
        elif step == "part":
            kept.catch_up(1e-9)
        else:
            STEPS[step](one)
    assert kept.catch_up()
    kept.close()
    said = dump(one.folder)
    one.ledger.close()
    assert said == anew(one.folder)
    assert len(said["episodes"]) == one.at


def test_a_name_that_comes_later_is_given_to_all_that_came_before(tmp_path: Path) -> None:
    one, writers = Played(tmp_path), list[set[str]]()
    for step in ("accepted", "accepted", "policy", "look", "policy", "accepted", "policy", "look"):
        if step == "look":
            with catalogue(tmp_path) as found:
                writers.append({row[0] for row in found.rows("SELECT writer FROM lessons")})
        else:
            STEPS[step](one)
    one.ledger.close()
    assert writers == [{"policy-1", "policy-2"}, {"student-r0000", "student-r0001", "student-r0002"}]
    assert dump(tmp_path) == anew(tmp_path)


def full(folder: Path) -> Path:
    """A session with something of everything."""
    one = Played(folder)
    for step in ("policy", *("accepted", "refused") * 8, "policy", "examined", "beaten", "purged", "ended", "accepted"):
        STEPS[step](one)
    one.ledger.close()
    return folder


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full(tmp_path_factory.mktemp("whole") / "session")


@pytest.fixture
def own(session: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(session, tmp_path / "own", ignore=shutil.ignore_patterns(f"{FILE}*")))


def test_it_counts_what_the_ledger_counts(tmp_path: Path) -> None:
    settled = build.config(tmp_path)
    asyncio.run(run(settled, build.means(settled)))
    ledger = Ledger(settled.session)
    summary = summarise(History(ledger))
    with catalogue(settled.session) as found:
        reached = {
            row["stage"]: row["n"] for row in found.rows("SELECT stage, sum(episodes) AS n FROM funnel GROUP BY 1")
        }
        assert sum(reached.values()) == summary["funnel"]["dealt"]
        assert reached["accepted"] == summary["samples"]["accepted"]
        assert found.rows("SELECT count(*) FROM accepted")[0][0] == summary["samples"]["accepted"]
        costs = {(row["role"], row["policy"]): row["calls"] for row in found.rows("SELECT * FROM cost")}
        assert costs == {(one["role"], one["policy"]): one["calls"] for one in summary["seats"]}
        spent = {row["stage"]: row["seconds"] for row in found.rows("SELECT * FROM stages WHERE round = 1")}
        assert spent == {name: one["seconds"] for name, one in summary["rounds"][0]["stages"].items()}
        texts = {row["version"]: row["text"] for row in found.rows("SELECT * FROM templates")}
        assert "generator" in {version.split("@")[0] for version in texts}
        assert all(digest(text).startswith(version.split("@")[1]) for version, text in texts.items() if text)
        row = found.rows("SELECT e.answer, s.response FROM episodes e JOIN samples s ON s.id = e.sample")
        assert row
        assert all(one["answer"] == one["response"] for one in row)
        assert {row["state"] for row in found.rows("SELECT state FROM policies")} <= {"base", "kept out", "current"}
    ledger.close()


def test_what_became_of_each_thing_is_said_in_words(own: Path) -> None:
    with catalogue(own) as found:
        states = {row["id"]: row["state"] for row in found.rows("SELECT * FROM policies")}
        assert states == {"policy-0": "base", "policy-1": "tainted"}
        gone = found.rows("SELECT withdrawn FROM samples WHERE withdrawn <> ''")
        assert [row[0] for row in gone] == ["it was named (ids)"] * 2
        whose = {row[0] for row in found.rows("SELECT verifier FROM samples WHERE quarantined <> ''")}
        assert len(whose) == 1
        assert "an attack beat arithmetic@" in found.rows("SELECT max(quarantined) FROM samples")[0][0]
        names = {row[0] for row in found.rows("SELECT DISTINCT policy_name FROM turns")}
        assert names == {"student-r0000", "student-r0001", "policy-2"}, "who has no name is called by the id"


CHILD = """
import sys
from pathlib import Path
from noria.memory.catalogue import Catalogue, filling
filling.TURNS, filling.EPISODES, filling.SAMPLES = 3, 2, 2
found = Catalogue(Path(sys.argv[1]))
print("open", flush=True)
while not found.catch_up(1e-9):
    print("part", flush=True)
print("through", flush=True)
"""


@pytest.mark.parametrize("parts", [1, 3, 6, 11])
def test_a_killed_filler_leaves_it_whole(own: Path, parts: int) -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD, str(own)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(parts):
            assert child.stdout.readline() in ("open\n", "part\n")
        child.send_signal(signal.SIGKILL)
    with sqlite3.connect(own / FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert dump(own) == anew(own)


def test_a_killed_maker_leaves_nothing_in_the_way(own: Path) -> None:
    (own / f"{FILE}.new").write_bytes(b"half a catalogue")
    (own / FILE).touch()
    assert dump(own) == anew(own)


def test_many_read_while_one_fills(own: Path) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", CHILD, str(own)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    found = Catalogue(own)

    def read(_: int) -> int:
        found.catch_up(0.05)
        return int(found.rows("SELECT count(*) FROM episodes")[0][0])

    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(read, range(40)))
    assert all(child.communicate()[0].endswith("through\n") for child in children)
    assert found.catch_up()
    assert max(counts) <= read(0) == 18
    found.close()
    assert dump(own) == anew(own)


def test_who_asks_cannot_write(own: Path) -> None:
    with catalogue(own) as found:
        for sql in ("DELETE FROM episodes", "CREATE TABLE x (y)", "UPDATE samples SET id = ''"):
            with pytest.raises(sqlite3.OperationalError):
                found.rows(sql)
        assert found.rows("SELECT count(*) FROM episodes")[0][0] == 18


def spoilt(path: Path, how: str) -> None:
    if how == "deleted":
        path.unlink()
    elif how == "damaged":
        path.write_bytes(b"no database" * 1000)
    elif how == "torn":
        whole = path.read_bytes()
        path.write_bytes(whole[:8192] + bytes(len(whole) - 8192))
    else:
        with sqlite3.connect(path) as connection:
            if how == "of another version":
                connection.execute("UPDATE marks SET value = ? WHERE key = 'version'", (f"{VERSION}x",))
            elif how == "without a table":
                connection.execute("DROP TABLE attempts")
        connection.close()


@pytest.mark.parametrize("how", ["deleted", "damaged", "torn", "of another version", "without a table"])
@pytest.mark.parametrize("opened", [False, True])
def test_whatever_is_wrong_with_it_it_is_made_again(own: Path, how: str, opened: bool) -> None:
    said = dump(own)
    kept = Catalogue(own) if opened else None
    if kept is not None:
        kept.close()
    spoilt(own / FILE, how)
    one = Played(own)
    one.at = 100
    one.episode(True)
    one.ledger.close()
    assert len(dump(own)["episodes"]) == len(said["episodes"]) + 1
    assert dump(own) == anew(own)


def test_it_is_made_again_for_another_ledger_in_the_same_place(own: Path, tmp_path: Path) -> None:
    kept = Catalogue(own)
    assert kept.catch_up()
    other = Played(tmp_path / "other")
    for _ in range(3):
        other.episode(True)
    other.ledger.close()
    (own / LEDGER).unlink()
    shutil.copy(tmp_path / "other" / LEDGER, own / LEDGER)
    assert kept.catch_up()
    assert kept.rows("SELECT count(*) FROM episodes")[0][0] == 3
    kept.close()
    assert dump(own) == anew(own)


def test_a_session_that_is_deleted_while_it_is_read_gets_a_sentence(own: Path) -> None:
    kept = Catalogue(own)
    shutil.rmtree(own)
    with pytest.raises(SessionError, match="holds no session"):
        kept.catch_up()
    kept.close()
    with pytest.raises(SessionError, match="holds no session"):
        Catalogue(own)


def test_a_deleted_catalogue_is_noticed_by_who_has_it_open(own: Path) -> None:
    kept = Catalogue(own)
    assert kept.catch_up()
    (own / FILE).unlink()
    assert kept.catch_up()
    assert kept.rows("SELECT count(*) FROM episodes")[0][0] == 18
    kept.close()


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_ledger_is_read_as_it_is(tmp_path: Path, version: int) -> None:
    folder = old(tmp_path / "old", version)
    before = (folder / LEDGER).read_bytes()
    with catalogue(folder) as found:
        assert found.rows("SELECT count(*) FROM samples")[0][0] == 10
        assert {row[0] for row in found.rows("SELECT verifier FROM samples")} == {"arithmetic@1"}
        beaten = found.rows("SELECT count(*) FROM samples WHERE quarantined <> ''")[0][0]
        assert (beaten > 0) == (version == 2)
        assert found.rows("SELECT response FROM samples WHERE role = 'solver'")[0][0] == "3 \uf8ff"
    assert (folder / LEDGER).read_bytes() == before
    assert dump(folder) == anew(folder)


@pytest.fixture
def sealed(own: Path, tmp_path: Path) -> Iterator[Path]:
    """The session on a disk that is only read, where the system lets us have one."""
    place = tmp_path / "sealed"
    place.mkdir()
    for words in (["--bind", str(own), str(place)], ["-o", "remount,ro,bind", str(place)]):
        if subprocess.run(["mount", *words], capture_output=True, check=False).returncode:
            pytest.skip("this system lets nobody mount a disk that is only read")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


READ = "import sys; from pathlib import Path; from noria.memory.catalogue import catalogue\n" + (
    "with catalogue(Path(sys.argv[1])) as found: print(found.path, len(found.rows('SELECT 1 FROM episodes')))"
)


def test_a_folder_that_is_only_read_has_its_catalogue_in_the_cache(sealed: Path, tmp_path: Path) -> None:
    for _ in range(2):
        environment = {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", READ, str(sealed)],
            capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        path, count = done.stdout.split()
        assert Path(path).parent == tmp_path / "noria" / "catalogues"
        assert count == "18"
    assert not list(sealed.glob(f"{FILE}*"))


def test_a_full_disk_gets_a_sentence(own: Path, tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    size = ((own / LEDGER).stat().st_size >> 10) + 120  # enough to read the ledger, and too little for a catalogue
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(place)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    try:
        shutil.copy(own / LEDGER, place / LEDGER)
        with pytest.raises(SessionError, match=r"is full\. Free some space"):
            Catalogue(place).catch_up()
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


HOSTILE = (
    "nul \x00 in it", "\x1b[31mred\x1b[0m", "'; DROP TABLE episodes; --", "{{ 7 * 7 }}", "‮backwards", '" OR 1 NEAR(',
)  # fmt: skip


def test_hostile_text_is_kept_as_text(tmp_path: Path) -> None:
    one = Played(tmp_path)
    for at, text in enumerate(HOSTILE):
        made = build.attempt(response=text)
        task = build.task(instruction=f"sum {text}")
        asyncio.run(one.history.settle(build.episode(f"episode-{at}", position=at, drafts=(task,), attempts=(made,))))
    one.ledger.close()
    # Half of a surrogate pair cannot get there by today's writers; an older ledger may have it as an escape.
    with sqlite3.connect(tmp_path / LEDGER) as connection:
        body = json.loads(connection.execute("SELECT body FROM episodes WHERE id = 'episode-0'").fetchone()[0])
        body |= {"evidence": "half \ud800 of a pair"}
        connection.execute("UPDATE episodes SET body = ? WHERE id = 'episode-0'", (json.dumps(body),))
    connection.close()
    with catalogue(tmp_path) as found:
        rows = found.rows("SELECT instruction, answer, evidence FROM episodes ORDER BY number")
        assert [row["answer"] for row in rows] == list(HOSTILE)
        assert rows[0]["evidence"] == "half \ufffd of a pair"
        for text in HOSTILE:
            found.rows("SELECT rowid FROM words WHERE words MATCH :words", {"words": match(text)})
        assert found.rows("SELECT rowid FROM words WHERE words MATCH :words", {"words": match("backw")})


def test_a_row_that_is_no_episode_gets_a_sentence(own: Path) -> None:
    with sqlite3.connect(own / LEDGER) as connection:
        connection.execute("""UPDATE episodes SET body = '{"id": 3}' WHERE rowid = 5""")
    connection.close()
    with pytest.raises(SessionError, match="holds a row that cannot be read"):
        dump(own)


@pytest.fixture(scope="module")
def searched() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text, content='')")
    connection.execute("INSERT INTO words (rowid, text) VALUES (1, 'keep each word once, of the apples')")
    return connection


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(st.characters(), max_size=30) | st.sampled_from(['"', '""', "AND", "a*", "NEAR(", "^x", "-a", "a:b"])
)
def test_nothing_that_is_typed_breaks_a_search(searched: sqlite3.Connection, text: str) -> None:
    searched.execute("SELECT rowid FROM words WHERE words MATCH ?", (match(text),)).fetchall()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("apples", True), ("appl", True), ("each apples", True), ("EACH", True), ('"each word"', True),
        ('"word each"', False), ('"appl"', False), ("appl each", False), ("apples OR pears", False), ("", False),
        ("+", False), ("apples +", True),
    ],
)  # fmt: skip
def test_what_is_typed_is_words(searched: sqlite3.Connection, text: str, found: bool) -> None:
    hits = searched.execute("SELECT rowid FROM words WHERE words MATCH ?", (match(text),)).fetchall()
    assert bool(hits) == found


def test_looking_again_at_what_has_not_changed_asks_nothing(own: Path) -> None:
    with catalogue(own) as found:
        before = (own / FILE).stat().st_mtime_ns
        for _ in range(100):
            assert found.catch_up(0.01)
        assert (own / FILE).stat().st_mtime_ns == before
