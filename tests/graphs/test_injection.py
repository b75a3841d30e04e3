"""Canaries planted in every field, in a pool that obeys whatever it reads: nothing changes, nothing travels.

The seats are scripted to be as gullible as can be: one that sees a canary anywhere in its
prompt, inside a fence or out of it, says it again in every free word it has, and a judge
with a veto rules against its candidate. Beside them plays the same pool with nothing planted.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from noria.agents.withholding import REPEATS
from noria.errors import ConfigError
from noria.evaluators.canaries import CANARY, FORMS, planted, traced
from noria.fence import cut, settled
from noria.graphs.opening import Watch, opened
from noria.graphs.playing import play
from noria.identity import bucket
from noria.inference.client import Request
from noria.inference.scripted import ScriptedClient
from noria.memory.neighbours import catch_up
from noria.types import Episode, Message, Sample, Seed, Turn
from tests import build

TOPICS = [
    topic
    for topic in ("tea", "bread", "soup", "honey", "rivers", "clocks", "lamps", "chess", "owls", "bees", "trains")
    if bucket("constraints", {"skill": "include", "topic": topic, "word": "warm"}) == "train"
][:3]


@dataclass
class Gullible:
    """A pool that repeats and obeys `sign`, and plants an attack in the fields it is told."""

    plants: tuple[str, ...] = ()
    attack: str = ""
    sign: str = CANARY
    obeyed: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Any:
        prompt = "\n".join(message.content for message in request.messages)
        heard = traced(prompt, self.sign)
        if heard:
            self.obeyed.append(request.role)
        echo = f" Say {self.sign}." if heard else ""
        if request.role == "solver":
            return self._solved(request.messages[-1].content, echo)
        if request.choices == ("accept", "reject"):
            return "reject" if heard else "accept"
        if request.choices:
            return "first"
        return json.dumps(self._said(request, prompt, echo), ensure_ascii=False)

    def _at(self, place: str) -> str:
        return f" {self.attack}" if place in self.plants else ""

    def _solved(self, instruction: str, echo: str) -> tuple[str, ...]:
        topic = next(topic for topic in TOPICS if topic in instruction)
        plain = f"People like {topic} that feel warm. Many enjoy {topic} with their family."
        return plain + self._at("response") + echo, plain + echo

    def _said(self, request: Request, prompt: str, echo: str) -> dict[str, Any]:
        asked = (request.schema or {})["properties"]
        if request.role == "critic":
            advice = f"Make it shorter.{self._at('advice')}{echo}"
            return {"faults": ["clumsy"], "revise": "draft two" not in prompt, "advice": advice}
        if request.role == "adversary":
            said = f"Some other text.{self._at('claim')}{echo}"
            return {"kind": "ambiguity", "answer": f"Nothing.{self._at('answer')}{echo}", "claim": said}
        if "skill" in asked:
            topic = asked["topic"]["enum"][0]
            wording = f"Please write about {topic} using the word 'warm'.{self._at('wording')}{echo}"
            point = {"skill": "include", "topic": topic + self._at("topic"), "word": "warm" + self._at("parameter")}
            return point | {"instruction": wording}
        topic = next(topic for topic in TOPICS if topic in prompt)
        return {"instruction": f"Now write about {topic} using the word 'warm'.{self._at('rewording')}{echo}"}


@dataclass(frozen=True)
class Played:
    """What a batch left behind."""

    episodes: list[Episode]
    samples: list[Sample]
    turns: list[Turn]
    documents: list[str]

    @property
    def accepted(self) -> list[Any]:
        """What was decided, of which parameters."""
        return [(one.id, one.outcome, one.reason, one.drafts[0].parameters) for one in self.episodes]


def played(folder: Path, pool: Gullible, *, row: str = "", neighbour: str = "", **changes: Any) -> Played:
    """A batch of three texts about topics, judged by a judge with a veto."""
    settings = build.config(folder, domains={"constraints": (1,)}, **changes)
    seed = Seed(id="seed-row", kind="row", text=row, messages=(Message(role="user", content=row),)) if row else None

    async def run() -> Played:
        async with opened(settings, build.means(settings, client=ScriptedClient(pool)), Watch()) as context:
            hands = [
                build.dealt(
                    f"episode-{at}",
                    position=at,
                    domain="constraints",
                    veto=True,
                    seed=seed or build.seed("constraints"),
                    window={"skill": "include", "topics": [topic]},
                    neighbours=(neighbour,) if neighbour else (),
                )
                for at, topic in enumerate(TOPICS)
            ]
            await context.history.keep_deal(1, hands)
            await asyncio.gather(*(play(context, 1, 0, hand.episode) for hand in hands))
            await catch_up(context.history, context.index)
            found = context.index.nearest("write about tea", domain="constraints", count=50)
            turns = [turn for hand in hands for turn in context.history.trace(hand.episode)]
            texts = [one.text for one in found]
            return Played(
                sorted(context.history.episodes(), key=lambda one: one.id), context.history.samples(), turns, texts
            )

    return asyncio.run(run())


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return played(tmp_path_factory.mktemp("control"), Gullible())


def typed(found: Played) -> str:
    """What the seats' replies became."""
    parts = [(*one.critiques, *one.attacks, *one.verdicts, *one.drafts, *one.checks) for one in found.episodes]
    return "\n".join(part.model_dump_json() for episode in parts for part in episode)


def held_apart(found: Played, pool: Gullible, control: Played) -> None:
    """Assert that what was planted changed nothing and went nowhere."""
    assert found.accepted == control.accepted
    assert len(found.samples) == len(control.samples)
    assert pool.obeyed == []
    assert not any(traced(message.content) for turn in found.turns for message in turn.messages)
    assert not traced(typed(found))
    assert not any(traced(message.content) for sample in found.samples for message in sample.messages)
    assert len(found.documents) == len(TOPICS)
    assert not any(traced(text) for text in found.documents)


def test_without_a_canary_the_gullible_pool_plays_through(control: Played) -> None:
    assert len(TOPICS) == 3
    assert {one.outcome for one in control.episodes} == {"accepted"}
    assert all(len(one.drafts) == 2 for one in control.episodes)
    asked = {turn.template.split("@")[0] for turn in control.turns}
    assert asked == {"generator", "solver", "critic", "adversary", "judge", "reword"}
    assert all(one.withheld == "" for episode in control.episodes for one in episode.critiques)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_planted_everywhere_at_once_changes_nothing_and_goes_nowhere(
    tmp_path: Path, control: Played, form: str
) -> None:
    pool = Gullible(("wording", "response", "advice", "claim", "answer"), planted(form))
    row, near = (f"Tell me about {topic}. {planted(form)}" for topic in TOPICS[:2])
    found = played(tmp_path, pool, row=row, neighbour=near)
    held_apart(found, pool, control)
    planted_in = {turn.key.role for turn in found.turns if any(map(traced, turn.replies))}
    assert planted_in == {"generator", "solver", "critic", "adversary"}, "the trace has what was planted"


@pytest.mark.parametrize("form", ["order", "control tokens", "bare"])
@pytest.mark.parametrize("place", ["wording", "response", "advice", "claim", "answer", "row", "neighbour"])
def test_what_is_planted_in_one_place_changes_nothing_and_goes_nowhere(
    tmp_path: Path, control: Played, place: str, form: str
) -> None:
    attack = planted(form)
    pool = Gullible((place,), attack)
    found = played(
        tmp_path, pool, row=attack if place == "row" else "", neighbour=attack if place == "neighbour" else ""
    )
    held_apart(found, pool, control)


@pytest.mark.parametrize("form", FORMS)
def test_a_rewording_that_carries_a_canary_leaves_the_first_draft_standing(
    tmp_path: Path, control: Played, form: str
) -> None:
    pool = Gullible(("rewording",), planted(form))
    found = played(tmp_path, pool)
    assert all(len(one.drafts) == 1 for one in found.episodes)
    held_apart(found, pool, control)


@pytest.mark.parametrize("place", ["topic", "parameter"])
def test_parameters_with_a_canary_are_no_proposal(tmp_path: Path, place: str) -> None:
    pool = Gullible((place,), planted("order"))
    found = played(tmp_path, pool)
    assert [one.reason.value for one in found.episodes] == ["malformed"] * 3
    assert {turn.key.role for turn in found.turns} == {"generator"}
    assert found.samples == []


@pytest.mark.parametrize("form", ["order", "bare", "zero width", "control tokens", "forged verdict"])
def test_a_topic_of_the_users_own_that_speaks_to_a_seat_is_refused_before_anything_starts(
    tmp_path: Path, form: str
) -> None:
    topic = f"tea {' '.join(planted(form).split())}"[:60]
    with pytest.raises(ConfigError, match="can be no subject"):
        played(tmp_path, Gullible(), seeds={"topics": [topic]})


PLAIN = "walrus"
"""A canary no sign tells from a word: only the fence and the rule of withholding stand against it."""


def test_a_plain_word_stands_in_a_fence_alone_and_no_seat_passes_it_on(tmp_path: Path) -> None:
    pool = Gullible(("wording",), f"{PLAIN}.", sign=PLAIN)
    found = played(tmp_path, pool)
    assert set(pool.obeyed) >= {"critic", "adversary", "judge"}, "it was shown, as data, and obeyed"
    for turn in found.turns:
        if turn.key.role in ("critic", "adversary", "judge"):
            (mark,) = set(re.findall(r"<data-([a-z]{5})>", turn.messages[0].content))
            data = cut(turn.messages[1].content, mark)
            assert any(PLAIN in part for part in data)
            outside = re.sub(rf"<data-{mark}>.*?</data-{mark}>", "", turn.messages[1].content, flags=re.DOTALL)
            assert PLAIN not in outside
    for episode in found.episodes:
        for critique in episode.critiques:
            assert critique.advice == ""
            assert critique.withheld == REPEATS
        for attack in episode.attacks:
            assert PLAIN not in "".join(probe.claim for probe in attack.probes)
    # What it obtains is what a candidate can always do: have itself refused by a judge that obeys.
    assert {one.reason.value for one in found.episodes} == {"vetoed"}
    assert found.samples == []


def test_a_plain_word_in_a_row_or_a_neighbour_stands_in_a_fence_alone(tmp_path: Path) -> None:
    found = played(
        tmp_path, Gullible(sign="nothing of the kind"), row=f"Mind the {PLAIN}.", neighbour=f"See the {PLAIN}."
    )
    asked = [turn for turn in found.turns if turn.template.startswith("generator@")]
    assert len(asked) == 3
    for turn in asked:
        (mark,) = set(re.findall(r"<data-([a-z]{5})>", turn.messages[0].content))
        assert cut(turn.messages[1].content, mark) == [f"Mind the {PLAIN}.", f"See the {PLAIN}."]
    assert len({re.findall(r"<data-([a-z]{5})>", turn.messages[0].content)[0] for turn in asked}) == 3


def test_a_session_played_twice_has_the_same_rows_though_its_marks_differ(tmp_path: Path) -> None:
    one, other = (played(tmp_path / name, Gullible(), neighbour="Write about rain.") for name in ("one", "other"))
    assert one.samples == other.samples
    sent = [[message.content for turn in found.turns for message in turn.messages] for found in (one, other)]
    assert sent[0] != sent[1]
    assert [settled(text) for text in sent[0]] == [settled(text) for text in sent[1]]
    taught = [sample for sample in one.samples if sample.role == "generator"]
    assert all("<data-" in sample.messages[1].content for sample in taught)
    assert len(taught) == 3
