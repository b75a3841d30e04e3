"""A session as OpenTelemetry spans, built from its ledger alone.

    trace of the session      session ─► round ─► stage (plan, play, curate, train, examine, …)
    trace of an episode       episode ─► agent (a seat's part) ─► call            ╌╌link╌╌► its round
    trace of a sitting        exam, calibration, … ─► agent ─► call               ╌╌link╌╌► its stage

One trace an episode: a session of 100,000 episodes would be one trace of two million spans,
which no viewer opens and no sampler can halve, while an episode has some ten and is what a
person wants to look at. The parts hang together twice: by links, and by `gen_ai.conversation.id`,
which is the session in every span.

Everything follows from rows that no longer change: ids are hashes (`noria/tracing.py`), an
episode is told once it has ended, a stage once its seconds are written, a round once its guards
have spoken, the session once it has finished. So what a run sent while it played and what
`noria trace --otlp` writes a year later are the same spans, and sending one twice changes nothing.

The ledger has clock times for calls and durations for all else. A parent therefore spans its
children and is as long as was measured; stages without calls follow the one before. What the
prompts and replies say is told only where the environment asks for it, and so is evidence that
may quote them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from noria import __version__
from noria.config import SessionConfig
from noria.errors import SessionError
from noria.memory.history import History
from noria.memory.timeline import Moments, Timeline
from noria.tracing import call_place, span_id, trace_id
from noria.training.trainer import PRETENDED
from noria.types import Check, Dealt, Episode, Policy, Turn
from noria.viewer import spans

SESSION = "session"

STAGES: dict[str, tuple[str, ...]] = {
    "plan": ("calibration",), "play": (), "curate": (), "train": (), "examine": ("exam", "frozen", "prose"),
    "seat": ("roles",), "probate": ("probation",), "guard": (),
}  # fmt: skip
"""The stages of a round in their order, and the sittings that each holds."""

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


def captures(environment: Mapping[str, str]) -> bool:
    """Whether prompts and replies may be told: by the variable that GenAI instrumentations share."""
    return environment.get(CAPTURE, "").strip().lower() in ("true", "1", "span_only", "span_and_event")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a span hangs."""

    trace: str
    """The thing whose trace it is in."""
    name: str
    """Its place in the session, which its id is a hash of."""


class Traces:
    """The spans of one session."""

    def __init__(self, history: History, *, content: bool = False) -> None:
        """Tell a session, with what was said in it where `content` is wanted."""
        self.history = history
        self.content = content
        self.line = Timeline(history)
        self._names: dict[str, Policy] = {}
        self._ends: dict[int, int] = {}
        self._config = SessionConfig.model_validate_json(history.ledger.fact("config") or "{}")
        base = history.pointer("base")
        self._pretended = base is not None and base.id == PRETENDED
        self._resource = Resource.create(
            # The session is the instance: by default that is a new one in every process.
            {"service.name": spans.SERVICE, "service.version": __version__, "service.instance.id": self.line.session}
        )
        self._scope = InstrumentationScope(spans.SCOPE, __version__, spans.SCHEMA)

    def episode(self, key: str) -> list[ReadableSpan]:
        """An ended episode: itself, each seat's part in it, and every call.

        Raises:
            SessionError: the session knows no such episode, or it has not ended.
        """
        ended = self.history.episode(key)
        if ended is None:
            raise SessionError(f"No episode {key!r} has ended in this session.", mend="`noria trace` lists them.")
        dealt = next((one for one in self.history.deal(ended.round) if one.episode == key), None)
        return self._episode(ended, dealt)

    def round_episodes(self, number: int) -> Iterator[list[ReadableSpan]]:
        """Every ended episode of a round."""
        dealt = {one.episode: one for one in self.history.deal(number)}
        for ended in self.history.episodes(number):
            yield self._episode(ended, dealt.get(ended.id))

    def _episode(self, ended: Episode, dealt: Dealt | None) -> list[ReadableSpan]:
        top = Place(ended.id, f"episode/{ended.id}")
        agents = self._agents(ended.id, top, self.history.trace(ended.id), dealt, ended)
        hull = _hull(agents) or (self._before(ended.round),) * 2
        start, end = hull[0], max(hull[1], hull[0] + _nanoseconds(ended.seconds))
        said = {
            spans.OPERATION: spans.INVOKE_WORKFLOW, spans.WORKFLOW: "episode", spans.EPISODE: ended.id,
            spans.ROUND: ended.round, spans.POSITION: ended.position, spans.DOMAIN: ended.domain,
            spans.LEVEL: ended.level, spans.OUTCOME: ended.outcome, spans.REASON: ended.reason.value,
            spans.REACHED: ended.stage.value, spans.SOLVE_RATE: ended.solve_rate, spans.SAMPLE: ended.sample,
            spans.SECONDS: ended.seconds or None, spans.SEED: dealt.seed.id if dealt else None,
            spans.ERROR: ended.reason.value if ended.outcome == "error" else None,
            spans.EVIDENCE: ended.evidence if self.content else None,
        }  # fmt: skip
        roles = {_role(one) for one in agents}
        events = [*self._checks(ended.checks, "proposal", end), *self._found(ended, None, end, but=roles)]
        root = self._span(
            top, None, f"{spans.INVOKE_WORKFLOW} episode", (start, end), said,
            events=events, to=("round", Place(SESSION, f"round/{ended.round}")), failed=ended.outcome == "error",
        )  # fmt: skip
        return [root, *agents]

    def sitting(self, place: str, number: int = 0, stage: str = "") -> list[ReadableSpan]:
        """An exam, a calibration or whatever else was asked outside of episodes, linked to the stage that held it."""
        top = Place(place, f"sitting/{place}")
        turns = [turn for key in self.line.keys(place) for turn in self.history.trace(key)]
        agents = self._agents(place, top, turns, None, None)
        if (hull := _hull(agents)) is None:
            return []
        name = place.split("-r", 1)[0]
        said = {
            spans.OPERATION: spans.INVOKE_WORKFLOW, spans.WORKFLOW: name, spans.SITTING: place,
            spans.ROUND: number or None, spans.STAGE_NAME: stage or None,
        }  # fmt: skip
        to = ("stage", Place(SESSION, f"stage/{number}/{stage}")) if stage else (SESSION, Place(SESSION, SESSION))
        return [self._span(top, None, f"{spans.INVOKE_WORKFLOW} {name}", hull, said, to=to), *agents]

    def stage(self, number: int, name: str) -> list[ReadableSpan]:
        """A stage of a round; empty where its seconds are not written."""
        facts = self.history.round(number)
        spent, when = facts.get("stages", {}).get(name), self._stages(number).get(name)
        if spent is None or when is None:
            return []
        said: dict[str, Any] = {
            spans.ROUND: number, spans.STAGE_NAME: name, spans.SECONDS: float(spent["seconds"]),
            spans.STAGE_INPUT_TOKENS: spent["prompt_tokens"], spans.STAGE_OUTPUT_TOKENS: spent["completion_tokens"],
        }  # fmt: skip
        if name == "examine" and (exam := self.history.exam(number)) is not None:
            said |= {
                spans.ITEMS: exam.items, spans.PARENT_RIGHT: exam.parent_right, spans.PROMOTED: exam.promoted,
                spans.STUDENT_RIGHT: exam.student_right, spans.P_VALUE: exam.p_value,
            }  # fmt: skip
        here, above = Place(SESSION, f"stage/{number}/{name}"), Place(SESSION, f"round/{number}")
        return [self._span(here, above, f"{spans.STAGE} {name}", when, said)]

    def sittings(self, number: int, stage: str) -> Iterator[list[ReadableSpan]]:
        """What was asked outside of episodes in a stage of a round."""
        for place in self.line.sittings(STAGES.get(stage, ()), number):
            yield self.sitting(place, number, stage)

    def round(self, number: int) -> list[ReadableSpan]:
        """A round that is over; empty where it is not."""
        facts = self.history.round(number)
        if "guard" not in facts.get("stages", {}):
            return []
        said = {
            spans.OPERATION: spans.INVOKE_WORKFLOW, spans.WORKFLOW: "round", spans.ROUND: number,
            spans.PROMOTED: bool(facts.get("promoted")),
        }  # fmt: skip
        here, above = Place(SESSION, f"round/{number}"), Place(SESSION, SESSION)
        return [self._span(here, above, f"{spans.INVOKE_WORKFLOW} round", self._round(number), said)]

    def session(self) -> list[ReadableSpan]:
        """The session, once it has finished; empty before."""
        if not (why := self.history.ledger.fact("finished")):
            return []
        hulls = [self._round(number) for number, _, _ in self.history.rounds()]
        began = _nanoseconds(self.line.began)
        when = (min([began, *(one[0] for one in hulls)]), max([began, *(one[1] for one in hulls)]))
        said = {
            spans.OPERATION: spans.INVOKE_WORKFLOW, spans.WORKFLOW: SESSION, spans.FINISHED: why,
            spans.FOLDER: self._config.session.name,
        }  # fmt: skip
        return [self._span(Place(SESSION, SESSION), None, f"{spans.INVOKE_WORKFLOW} session", when, said)]

    def others(self) -> Iterator[list[ReadableSpan]]:
        """What was asked outside of episodes and of the stages that are known here."""
        known = {kind for kinds in STAGES.values() for kind in kinds}
        for place in self.line.places():
            if place.split("-r", 1)[0] not in known:
                yield self.sitting(place)

    def _agents(
        self, thing: str, top: Place, turns: Iterable[Turn], dealt: Dealt | None, ended: Episode | None
    ) -> list[ReadableSpan]:
        """Each seat's part, a draft at a time, with its calls below it; what was found of its work stands on it."""
        grouped = [(*seat, list(own)) for seat, own in groupby(sorted(turns, key=_seat), key=_seat)]
        parts = sorted(grouped, key=lambda part: min(turn.started for turn in part[3]))
        last = {role: (draft, policy) for role, draft, policy, _ in parts}
        found: list[ReadableSpan] = []
        for role, draft, policy, own in parts:
            here = Place(thing, f"agent/{thing}/{role}/{draft}/{policy}")
            calls = [self._call(turn, here, dealt) for turn in own]
            hull = _hull(calls)
            assert hull is not None, "a part has at least one call"
            said = {
                spans.OPERATION: spans.INVOKE_AGENT, spans.PROVIDER: self._provider(policy), spans.AGENT: role,
                spans.AGENT_ID: policy, spans.AGENT_VERSION: self._named(policy), spans.ROLE: role,
                spans.DRAFT: draft, spans.POLICY: self._named(policy), spans.MODEL: own[0].served_as,
            }  # fmt: skip
            events = self._found(ended, role, hull[1]) if ended and last[role] == (draft, policy) else []
            agent = self._span(here, top, f"{spans.INVOKE_AGENT} {role}", hull, said, events=events)
            found += [agent, *calls]
        return found

    def _call(self, turn: Turn, above: Place, dealt: Dealt | None) -> ReadableSpan:
        """A model call: the span that the endpoint was told of before it was made."""
        start = _nanoseconds(turn.started)
        operation, key = spans.CHAT if turn.messages else spans.TEXT_COMPLETION, turn.key
        said: dict[str, Any] = {
            spans.OPERATION: operation, spans.PROVIDER: self._provider(turn.policy), spans.MODEL: turn.served_as,
            spans.TEMPERATURE: self._temperature(turn, dealt), spans.FINISH: list(turn.finish) or None,
            spans.CHOICES: len(turn.replies) if len(turn.replies) > 1 else None,
            spans.INPUT_TOKENS: turn.usage.prompt_tokens, spans.OUTPUT_TOKENS: turn.usage.completion_tokens,
            spans.PROMPT: turn.template.split("@")[0], spans.TEMPLATE: turn.template, spans.TURN: str(key),
            spans.ROLE: key.role, spans.DRAFT: key.draft, spans.ATTEMPT: key.attempt,
            spans.POLICY: self._named(turn.policy), spans.SECONDS: turn.seconds,
            spans.LOGPROBS: json.dumps(turn.logprobs, sort_keys=True) if turn.logprobs else None,
        }  # fmt: skip
        if self.content and turn.messages:
            said[spans.INPUT] = _messages((one.role, one.content) for one in turn.messages)
            said[spans.OUTPUT] = _messages((("assistant", text) for text in turn.replies), turn.finish)
        when = (start, start + _nanoseconds(turn.seconds))
        here = Place(above.trace, call_place(key))
        return self._span(here, above, f"{operation} {turn.served_as}", when, said, kind=SpanKind.CLIENT)

    def _found(self, ended: Episode, role: str | None, at: int, but: Iterable[str] = ()) -> list[Event]:
        """What was found of a role's work in an episode; without a role, of those in it that made no call."""
        found: dict[str, list[Event]] = {"solver": [], "critic": [], "adversary": [], "judge": []}
        for number, attempt in enumerate(ended.attempts, 1):
            found["solver"] += self._checks(attempt.checks, attempt.source, at, number)
        for one in ended.critiques:
            label, said = "faults" if one.faults else "no faults", "; ".join((*one.faults, one.advice))
            found["critic"].append(self._event("critique", None, label, said, at))
        for probe in (one for attack in ended.attacks for one in attack.probes):
            label = "beat the verifier" if probe.held and probe.beat else "held" if probe.held else "failed"
            score, made = float(not probe.held), {spans.BY: probe.by}
            found["adversary"].append(self._event(f"probe/{probe.kind}", score, label, probe.evidence, at, made))
        for verdict in ended.verdicts:
            found["judge"].append(self._event("verdict", verdict.confidence, verdict.ruling, "", at))
        if role is not None:
            return found.get(role, [])
        return [event for name, events in found.items() if name not in set(but) for event in events]

    def _checks(self, checks: Iterable[Check], source: str, at: int, attempt: int | None = None) -> list[Event]:
        said = {spans.SOURCE: source} | ({} if attempt is None else {spans.ATTEMPT: attempt})
        return [
            self._event(one.name, one.score, "passed" if one.passed else "failed", one.evidence, at, said)
            for one in checks
        ]

    def _event(
        self, name: str, score: float | None, label: str, why: str, at: int, also: Mapping[str, Any] | None = None
    ) -> Event:
        said = {
            spans.EVALUATED: name, spans.SCORE: score, spans.LABEL: label,
            spans.EXPLANATION: why if self.content and why else None, **(also or {}),
        }  # fmt: skip
        return Event(spans.EVALUATION, _attributes(said), at)

    def _span(
        self, here: Place, above: Place | None, name: str, when: tuple[int, int], said: Mapping[str, Any],
        *, kind: SpanKind = SpanKind.INTERNAL, events: Iterable[Event] = (), to: tuple[str, Place] | None = None,
        failed: bool = False,
    ) -> ReadableSpan:  # fmt: skip
        links = [Link(self._context(to[1]), {spans.RELATION: to[0]})] if to else []
        return ReadableSpan(
            name, self._context(here), self._context(above) if above else None, self._resource,
            _attributes({spans.CONVERSATION: self.line.session, **said}), list(events), links, kind,
            status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
            start_time=when[0], end_time=when[1], instrumentation_scope=self._scope,
        )  # fmt: skip

    def _context(self, place: Place) -> SpanContext:
        session = self.line.session
        return SpanContext(
            int(trace_id(session, place.trace), 16), int(span_id(session, place.name), 16), False,
            TraceFlags(TraceFlags.SAMPLED),
        )  # fmt: skip

    def _round(self, number: int) -> tuple[int, int]:
        stages = self._stages(number).values()
        before = self._before(number)
        return (min((one[0] for one in stages), default=before), max((one[1] for one in stages), default=before))

    def _stages(self, number: int) -> dict[str, tuple[int, int]]:
        """When each stage of a round was: around its calls, as long as measured, after the one before."""
        table = self.history.round(number).get("stages", {})
        found: dict[str, tuple[int, int]] = {}
        before = self._before(number)
        for name in (*(one for one in STAGES if one in table), *(one for one in table if one not in STAGES)):
            seconds = _nanoseconds(table[name]["seconds"])
            if (calls := self._calls(number, name)) is None:
                start, end = before, before + seconds
            else:
                first, last = _nanoseconds(calls[0]), _nanoseconds(calls[1])
                start = min(first, max(before, last - seconds))
                end = max(last, start + seconds)
            found[name], before = (start, end), end
        return found

    def _before(self, number: int) -> int:
        """When the round before this one was over, or the session began."""
        if number <= 1:
            return _nanoseconds(self.line.began)
        if number not in self._ends:
            self._ends[number] = self._round(number - 1)[1]
        return self._ends[number]

    def _calls(self, number: int, stage: str) -> Moments | None:
        if stage == "play":
            return self.line.played(number)
        hulls = [self.line.sat(place) for place in self.line.sittings(STAGES.get(stage, ()), number)]
        known = [one for one in hulls if one is not None]
        return (min(one[0] for one in known), max(one[1] for one in known)) if known else None

    def _policy(self, key: str) -> Policy | None:
        if key not in self._names:
            self._names = {one.id: one for one in self.history.policies()}
        return self._names.get(key)

    def _named(self, key: str) -> str:
        found = self._policy(key)
        return found.name if found else key

    def _provider(self, key: str) -> str:
        """Who answered: a vLLM of Noria's own, an endpoint that speaks like OpenAI's, or a puppet of a dry run."""
        if self._pretended:
            return "noria.puppet"
        found = self._policy(key)
        return "vllm" if found and (found.folder or found.adapter) else "openai"

    def _temperature(self, turn: Turn, dealt: Dealt | None) -> float:
        """What a call was sampled at: the deal's for who writes and solves in an episode, greedy for all else."""
        if turn.key.role == "generator" or (turn.key.role == "solver" and dealt is not None):
            own = dealt.temperature if dealt else None
            return float(self._config.play.temperature if own is None else own)
        return 0.0


def _seat(turn: Turn) -> tuple[str, int, str]:
    return turn.key.role, turn.key.draft, turn.policy


def _role(span: ReadableSpan) -> str:
    return str((span.attributes or {}).get(spans.ROLE, ""))


def _hull(found: Iterable[ReadableSpan]) -> tuple[int, int] | None:
    times = [(one.start_time or 0, one.end_time or 0) for one in found]
    return (min(one[0] for one in times), max(one[1] for one in times)) if times else None


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def _messages(said: Iterable[tuple[str, str]], finish: Iterable[str] | None = None) -> str:
    """Messages as the conventions write them: JSON, a list of parts each, and of replies why they ended."""
    found: list[dict[str, Any]] = [
        {"role": role, "parts": [{"type": "text", "content": content}]} for role, content in said
    ]
    for message, why in zip(found, finish or (), strict=False):
        message["finish_reason"] = why
    return json.dumps(found, ensure_ascii=False)


def _attributes(said: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a thing; what is not is left out."""
    return {name: value for name, value in said.items() if value is not None}
