"""The watch: silent while things finish, and then one line that says what is waited for."""

import asyncio

from noria.waiting import Wait, Watching, waiting, watched


def test_a_line_names_the_oldest_of_each_kind_and_when_it_is_given_up() -> None:
    watch = Watching()
    watch.waits = {
        Wait("the critic's answer", 300, 100.0): None,
        Wait("the critic's answer", 300, 90.0, said="3 tries failed"): None,
        Wait("the training", 900, 120.0, said="step 12 of 30", silence=True): None,
    }
    assert watch.line(130.0) == (
        "the critic's answer, 2 of them, the oldest for 40 s (3 tries failed), given up in 260 s; "
        "the training, for 10 s without a word (step 12 of 30), given up in 890 s"
    )


def test_many_kinds_are_counted_and_not_listed() -> None:
    watch = Watching(waits={Wait(f"answer {at}", 300, 0.0): None for at in range(9)})
    assert watch.line(1.0).endswith("; and 5 more")


def test_nothing_is_said_while_things_finish_and_then_ever_more_seldom() -> None:
    watch = Watching(moved=0.0)
    assert watch.look(1000.0, 30) == ""  # nothing is waited for, however long
    slow, quick = Wait("a slow thing", 600, 1000.0), Wait("a quick thing", 600, 1001.0)
    watch.begin(slow)
    watch.begin(quick)
    assert watch.look(1029.0, 30) == ""
    assert "for 30 s; waiting for a slow thing" in watch.look(1030.0, 30)
    assert [at for at in range(1031, 1300) if watch.look(float(at), 30)] == [1060, 1120, 1240]
    watch.end(quick)
    watch.moved = 1300.0
    assert watch.look(1329.0, 30) == ""
    assert "a quick thing" not in watch.look(1330.0, 30)


def test_what_is_heard_counts_as_life_unless_it_is_the_same_again() -> None:
    watch = Watching(moved=0.0)
    wait = Wait("the training", 900, 0.0, silence=True, watch=watch)
    watch.begin(wait)
    wait.heard("step 1")
    moved = watch.moved
    assert moved > 0
    assert wait.since >= moved - 1
    wait.heard("step 1")
    assert watch.moved == moved
    assert "without a word (step 1)" in watch.look(moved + 31, 30)


async def test_tasks_of_a_session_are_seen_and_those_of_another_are_not() -> None:
    mine: list[str] = []
    other: list[str] = []

    async def session(say: list[str], what: str) -> None:
        async with watched(say.append, quiet=0.2):

            async def call() -> None:
                with waiting(what, 60):
                    await asyncio.sleep(0.5)

            await asyncio.gather(call(), call())

    await asyncio.gather(session(mine, "mine"), session(other, "other"))
    assert mine
    assert other
    assert all("mine, 2 of them" in line and "other" not in line for line in mine)
    with waiting("nobody watches", 1) as wait:
        wait.heard("and nothing breaks")
    assert wait.said == "and nothing breaks"
