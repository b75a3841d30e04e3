"""Traces out: what a run sends while it plays, and what a file says of it later, are the same whole trees."""

import json
import sqlite3
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]  # it ships no types
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from noria.errors import SessionError
from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.inference.client import Completion, Request
from noria.inference.ports import free_port
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger
from noria.tracing import endpoint, trace_id, traceparent, whole
from noria.types import TurnKey
from noria.viewer import spans
from noria.viewer.exporting import Sending, unable
from noria.viewer.otlp import request, told, write
from noria.viewer.traces import Traces
from tests import build
from tests.build import attempt, dealt, episode, seed, turn
from tests.cli.shell import config, noria, right
from tests.viewer.aside import aside
from tests.viewer.collector import collector
from tests.viewer.receiver import Receiver, receiving, said


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Receiver, str]]:
    """A session of puppets, what a receiver got of it while it played, and what the run said."""
    folder = tmp_path_factory.mktemp("traced")
    with receiving() as receiver:
        path = config(folder)
        done = noria("run", "--dry-run", "-c", path, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        assert done.returncode == 0, done.stderr
        yield folder / "session", receiver, done.stdout + done.stderr


@pytest.fixture
def lines(live: tuple[Path, Receiver, str], tmp_path: Path) -> list[dict[str, Any]]:
    write(live[0], tmp_path / "t.jsonl")
    return [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]


def flat(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The spans of a file by their ids; one that stands there twice fails."""
    found = [
        span for line in lines for part in line["resourceSpans"] for scope in part["scopeSpans"]
        for span in scope["spans"]
    ]  # fmt: skip
    ids = {span["spanId"]: span for span in found}
    assert len(ids) == len(found)
    return ids


def test_what_a_run_sends_and_what_a_file_says_later_are_the_same_spans(
    live: tuple[Path, Receiver, str], lines: list[dict[str, Any]]
) -> None:
    sent, filed = live[1].by_id(), flat(lines)
    assert sent.keys() == filed.keys()
    for key, span in sent.items():
        one = filed[key]
        assert one["traceId"] == span.trace_id.hex()
        assert one.get("parentSpanId", "") == span.parent_span_id.hex()
        assert one["name"] == span.name
        assert int(one["startTimeUnixNano"]) == span.start_time_unix_nano
        assert int(one["endTimeUnixNano"]) == span.end_time_unix_nano
        assert [had["key"] for had in one["attributes"]] == [had.key for had in span.attributes]
        assert [had["traceId"] for had in one.get("links", ())] == [had.trace_id.hex() for had in span.links]
        assert len(one.get("events", ())) == len(span.events)
    assert live[1].schemas == {spans.SCHEMA}


def test_a_file_is_the_same_bytes_each_time(live: tuple[Path, Receiver, str], tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert write(live[0], tmp_path / name) == len(live[1].spans())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_every_span_has_its_parent_in_its_trace_and_stays_inside_its_time(live: tuple[Path, Receiver, str]) -> None:
    found = live[1].by_id()
    roots = Counter[bytes]()
    for span in found.values():
        assert span.start_time_unix_nano <= span.end_time_unix_nano
        for event in span.events:
            assert span.start_time_unix_nano <= event.time_unix_nano <= span.end_time_unix_nano
        if not span.parent_span_id:
            roots[span.trace_id] += 1
            continue
        above = found[span.parent_span_id.hex()]
        assert above.trace_id == span.trace_id
        assert above.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= above.end_time_unix_nano
    assert set(roots.values()) == {1}
    for span in found.values():
        for link in span.links:
            assert found[link.span_id.hex()].trace_id == link.trace_id


def test_the_spans_say_what_the_ledger_says(live: tuple[Path, Receiver, str]) -> None:
    found = [(span, said(span)) for span in live[1].spans()]
    ledger = Ledger(live[0])
    history = History(ledger)
    try:
        tokens = [sum(one.get(key, 0) for _, one in found) for key in (spans.INPUT_TOKENS, spans.OUTPUT_TOKENS)]
        assert tuple(tokens) == history.tokens()
        assert len({one[spans.TURN] for _, one in found if spans.TURN in one}) == sum(row[2] for row in history.seats())
        told = {one[spans.EPISODE]: one for span, one in found if spans.EPISODE in one}
        ended = {one.id: one for one in history.episodes()}
        assert told.keys() == ended.keys()
        for key, one in ended.items():
            assert told[key][spans.OUTCOME] == one.outcome
            assert told[key][spans.REASON] == one.reason.value
            assert told[key].get(spans.SAMPLE) == one.sample
        stages = Counter(
            (one[spans.ROUND], one[spans.STAGE_NAME]) for span, one in found if span.name.startswith(spans.STAGE)
        )
        kept = {(number, name) for number, _, facts in history.rounds() for name in facts["stages"]}
        assert set(stages) == kept
        assert set(stages.values()) == {1}
        checks = sum(len(one.checks) + sum(len(two.checks) for two in one.attempts) for one in ended.values())
        others = sum(
            len(one.critiques) + len(one.verdicts) + sum(len(two.probes) for two in one.attacks)
            for one in ended.values()
        )
        assert sum(len(span.events) for span, _ in found) == checks + others
    finally:
        ledger.close()
    assert {one[spans.CONVERSATION] for _, one in found} == {found[0][1][spans.CONVERSATION]}
    kinds = Counter(one.get(spans.WORKFLOW, one.get(spans.OPERATION, "")) for _, one in found)
    assert kinds["session"] == 1
    assert kinds["round"] == 2
    assert kinds["exam"] == 2
    assert "spans were sent to" in live[2]


def test_nothing_that_a_model_said_is_told_unless_the_environment_asks(
    live: tuple[Path, Receiver, str], lines: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(live[0])
    one = next(History(ledger).episodes())
    instruction, turns = one.drafts[0].instruction, History(ledger).trace(one.id)
    ledger.close()
    quiet = json.dumps(lines, ensure_ascii=False)
    assert instruction not in quiet
    assert "gen_ai.input.messages" not in quiet
    assert "explanation" not in quiet
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    write(live[0], tmp_path / "said.jsonl", one.id)
    told = flat([json.loads(line) for line in (tmp_path / "said.jsonl").read_text().splitlines()])
    replies = [
        message for span in told.values() for had in span["attributes"] if had["key"] == spans.OUTPUT
        for message in json.loads(had["value"]["stringValue"])
    ]  # fmt: skip
    assert Counter(message["parts"][0]["content"] for message in replies) == Counter(
        reply for two in turns for reply in two.replies
    )
    assert all(message["finish_reason"] == "stop" for message in replies)
    assert len(told) == len(turns) + 1 + len({(two.key.role, two.key.draft) for two in turns})


def test_a_file_is_what_the_specification_s_own_messages_say_as_json(live: tuple[Path, Receiver, str]) -> None:
    ledger = Ledger(live[0])
    try:
        parts = list(told(Traces(History(ledger), content=True)))
    finally:
        ledger.close()
    for part in parts:
        mine, theirs = request(part), MessageToDict(encode_spans(part), use_integers_for_enums=True)
        for found in theirs["resourceSpans"][0]["scopeSpans"][0]["spans"]:
            for one in (found, *found.get("links", ())):
                one |= {
                    name: b64decode(one[name]).hex() for name in ("traceId", "spanId", "parentSpanId") if name in one
                }
        assert mine == theirs


def test_a_round_and_an_episode_are_written_alone(live: tuple[Path, Receiver, str], tmp_path: Path) -> None:
    session, receiver, _ = live
    write(session, tmp_path / "round.jsonl", number=2)
    round_two = flat([json.loads(line) for line in (tmp_path / "round.jsonl").read_text().splitlines()])
    whole_session = receiver.by_id()
    assert round_two.keys() < whole_session.keys()
    with pytest.raises(SessionError, match="no round 7; its last is 2"):
        write(session, tmp_path / "x.jsonl", number=7)
    with pytest.raises(SessionError, match="No episode 'episode-nobody'"):
        write(session, tmp_path / "x.jsonl", "episode-nobody")
    with pytest.raises(SessionError, match="holds no session"):
        write(tmp_path, tmp_path / "x.jsonl")
    with pytest.raises(SessionError, match="cannot be used"):
        write(session, tmp_path / "no" / "x.jsonl")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["round.jsonl"]


def test_a_run_that_is_killed_and_resumed_sends_nothing_twice(tmp_path: Path) -> None:
    with receiving() as receiver:
        env = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{receiver.url}/v1/traces"}
        path = config(tmp_path, play={"episodes": 8, "attempts": 2, "batch": 4}, stop={"rounds": 1})
        assert noria("run", "--dry-run", "-c", path, NORIA_DIE_AT="batch.settled", **env).returncode == -9
        right("resume", tmp_path / "session", **env)
        again = right("resume", tmp_path / "session", **env)
        assert "traces:" not in again
        sent = receiver.by_id()
    write(tmp_path / "session", tmp_path / "t.jsonl")
    filed = flat([json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()])
    assert sent.keys() <= filed.keys()
    late = {span["name"] for key, span in filed.items() if key not in sent}
    assert "invoke_workflow session" not in late
    assert "invoke_workflow round" not in late


def sent_again(session: Path, url: str, grace: float) -> str:
    """Every episode of a session told to a sending that begins now; what it said at its end."""
    ledger = Ledger(session)
    history = History(ledger)
    sending = Sending(session, url, grace=grace)
    watch = sending.watching(Watch())
    # A session that had never been opened before: no round is known.
    opening: Any = SimpleNamespace(history=SimpleNamespace(ledger=ledger, rounds=list))
    watch.opened(opening)
    for one in history.episodes():
        watch.ended(one)
        watch.ended(one)
    ledger.close()
    return sending.close()


@pytest.mark.parametrize(("status", "delay"), [(500, 0.0), (400, 0.0), (200, 30.0)])
def test_a_collector_that_refuses_or_is_slow_is_counted(
    live: tuple[Path, Receiver, str], monkeypatch: pytest.MonkeyPatch, status: int, delay: float
) -> None:
    with receiving(status, delay) as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        found = sent_again(live[0], receiver.url, 0.5)
    assert "0 spans were sent" in found
    assert "were not" in found
    assert "--otlp FILE` writes them all" in found


def test_an_episode_that_ends_twice_is_sent_once(
    live: tuple[Path, Receiver, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        found = sent_again(live[0], receiver.url, 30)
        assert receiver.by_id().keys() < live[1].by_id().keys()
    assert "were not" not in found


def test_a_real_collector_takes_what_is_sent_and_hands_it_on_as_it_was(
    live: tuple[Path, Receiver, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as receiver:
        with collector(tmp_path, receiver.url) as url:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
            found = sent_again(live[0], url, 30)
            count = int(found.split()[1])
            until = time.monotonic() + 60
            while len(receiver.spans()) < count and time.monotonic() < until:
                time.sleep(0.05)
        handed = receiver.by_id()
    assert "were not" not in found
    assert len(handed) == count > 100
    sent = live[1].by_id()
    for key, span in handed.items():
        assert span.SerializeToString(deterministic=True) == sent[key].SerializeToString(deterministic=True)


def test_a_collector_that_is_away_neither_stops_a_run_nor_speaks_in_its_words(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    path = config(tmp_path, stop={"rounds": 1}, play={"episodes": 4, "attempts": 1})
    done = noria("run", "--dry-run", "-c", path, OTEL_EXPORTER_OTLP_ENDPOINT=url)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "traces:" in line]
    assert line.startswith(f"traces: 0 spans were sent to {url}; ")
    assert "opentelemetry" not in done.stderr.lower()
    assert "Traceback" not in done.stdout + done.stderr


def test_what_is_not_spoken_is_a_sentence() -> None:
    assert unable({}) == ""
    assert unable({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}) == ""
    why = unable({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert why.startswith("OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc', and Noria speaks http/protobuf")


def test_an_endpoint_is_asked_for_as_the_specification_has_it() -> None:
    one = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318"}
    assert endpoint({}) == ""
    assert endpoint(one) == "http://a:4318"
    assert endpoint({**one, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b/v1/traces"}) == "http://b/v1/traces"
    assert endpoint({**one, "OTEL_SDK_DISABLED": "true"}) == ""
    assert endpoint({**one, "OTEL_TRACES_EXPORTER": "none"}) == ""


def test_a_call_is_told_the_span_that_it_will_be(tmp_path: Path) -> None:
    key = TurnKey(episode="episode-1", role="solver", draft=1, attempt=1)
    version, trace, span, flags = traceparent("session-1", key).split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")
    assert trace == trace_id("session-1", "episode-1")
    assert traceparent("session-1", key) != traceparent("session-2", key)
    asked_again = key.model_copy(update={"question": "question-1"})
    assert traceparent("session-1", key).split("-")[2] != traceparent("session-1", asked_again).split("-")[2]
    assert whole("roles-r0001/judge/rulings") == "roles-r0001/judge"
    assert whole("exam-r0012") == "exam-r0012"
    assert whole("episode-0123456789abcdef") == "episode-0123456789abcdef"


class Noting(ScriptedClient):
    """A puppet that notes the trace context of each call."""

    def __init__(self) -> None:
        super().__init__(Puppet())
        self.noted: list[str] = []

    async def complete(self, request: Request) -> Completion:
        self.noted.append(request.traceparent)
        return await super().complete(request)


@pytest.mark.parametrize("asked", [True, False])
def test_every_call_of_a_session_joins_the_span_that_is_told_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    if asked:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    settings, client = build.config(tmp_path, play={"episodes": 4, "attempts": 2}), Noting()
    aside(run(settings, build.means(settings, client=client), Watch()))
    write(settings.session, tmp_path / "t.jsonl")
    told = flat([json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()])
    calls = {f"00-{one['traceId']}-{key}-01" for key, one in told.items() if one["name"].startswith("chat ")}
    assert len(client.noted) == len(calls)
    assert set(client.noted) == (calls if asked else {""})


def one_episode(folder: Path, turns: list[Any], ended: Any, *, content: bool = True) -> list[Any]:
    """The spans of an episode that is written by hand."""

    async def kept() -> list[Any]:
        ledger = Ledger(folder, write=True)
        history = History(ledger)
        await history.keep_fact("started", "1700000000.5")
        await history.keep_deal(1, [dealt(seed=seed())])
        for each in turns:
            await history.keep_turn(each)
        await history.settle(ended)
        found = Traces(history, content=content).episode("episode-1")
        ledger.close()
        return found

    return aside(kept())


def test_an_episode_that_made_no_call_stands_where_its_round_began(tmp_path: Path) -> None:
    (root,) = one_episode(tmp_path, [], episode(outcome="error", reason="fault"))
    assert root.start_time == root.end_time == 1_700_000_000_500_000_000
    assert not root.status.is_ok


def test_a_clock_that_goes_backwards_leaves_children_inside_their_parents(tmp_path: Path) -> None:
    turns = [
        turn(role="generator", started=1_700_000_100.0),
        turn(role="solver", started=1_700_000_050.0, seconds=1.0),
    ]
    found = one_episode(tmp_path, turns, episode(attempts=(attempt(),)))
    (part,) = encode_spans(found).resource_spans
    (scope,) = part.scope_spans
    told = [Span.FromString(one.SerializeToString()) for one in scope.spans]
    assert told[0].start_time_unix_nano == 1_700_000_050_000_000_000
    assert told[0].end_time_unix_nano == 1_700_000_100_500_000_000
    assert told[0].status.code == Status.STATUS_CODE_UNSET
    solver = next(one for one in told if one.name == "invoke_agent solver")
    assert [said(event)[spans.LABEL] for event in solver.events] == ["passed"]


def test_the_database_is_not_written_by_who_traces(live: tuple[Path, Receiver, str], tmp_path: Path) -> None:
    with closing(sqlite3.connect(live[0] / FILE)) as ledger:
        before = ledger.execute("SELECT count(*) FROM meta").fetchone(), (live[0] / FILE).stat().st_mtime_ns
        write(live[0], tmp_path / "t.jsonl")
        assert (ledger.execute("SELECT count(*) FROM meta").fetchone(), (live[0] / FILE).stat().st_mtime_ns) == before
