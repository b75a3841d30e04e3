"""Methods of quality in whole episodes and sessions: rewriting, paraphrases, mistakes as seeds, toxicity.

Played by scripted seats through the real graph, ledger and index; nothing stands beside them.
"""

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noria.config import SessionConfig
from noria.config.methods import Methods, usable
from noria.config.session import parse
from noria.errors import ConfigError, RunError
from noria.graphs.folder import summary
from noria.graphs.run import run
from noria.graphs.steering.ruling import rule
from noria.inference.client import Request
from noria.inference.puppet import Puppet
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.neighbours import Neighbours, catch_up
from noria.memory.purge import carry_out, of_ids, of_source, plan
from noria.memory.selections import selections
from noria.memory.verification import verify
from noria.types import Episode, Reason
from tests import build
from tests.graphs.test_episode import PROPOSAL, one, script

ADVICE = {"instruction": "Say that they are added.", "response": "Give the number alone."}


def seats(reword: Any = "Add 1 and 3.", revised: Any = "4", paraphrases: Any = (), **said: Any) -> Any:
    """Every seat says its part; what methods ask is told apart by the words that are theirs."""

    def generator(request: Request) -> Any:
        if "in other words" in request.messages[-1].content:
            return tuple(json.dumps({"instruction": one}) for one in paraphrases)
        if "Old wording" in request.messages[-1].content:
            return {"instruction": reword}
        return PROPOSAL

    def critic(request: Request) -> Any:
        coached = "response" in (request.schema or {})["properties"]
        return ADVICE if coached else {"faults": [], "revise": False, "advice": ""}

    def solver(request: Request) -> Any:
        return revised if "Old answer" in request.messages[-1].content else said.get("first", "The answer is 4.")

    return script(generator=generator, critic=critic, solver=solver, **{k: v for k, v in said.items() if k != "first"})


def told(episode: Episode, name: str) -> str:
    return next(check.evidence for check in episode.checks if check.name == name)


REWRITE: dict[str, Any] = {"methods": {"rewrite": {"share": 1.0}}}


def test_a_revision_of_both_parts_that_passes_is_what_is_learned(tmp_path: Path) -> None:
    (episode,), samples, turns = one(tmp_path, seats(), **REWRITE)
    answer = samples[0]
    assert [message.content for message in answer.messages[1:]] == ["Add 1 and 3.", "4"]
    assert [task.instruction for task in episode.drafts] == ["What is 1 + 3?", "Add 1 and 3."]
    assert {"The answer is 4.", "4"} == {made.response for made in episode.attempts}
    assert answer.provenance.task == episode.drafts[-1].id
    assert answer.provenance.attempt in {made.id for made in episode.attempts}
    assert len(episode.attacks) == len(episode.drafts)  # what is worded anew is attacked anew
    assert "worded anew by policy-pretended" in told(episode, "rewrite")
    assert "answered anew by policy-pretended" in told(episode, "rewrite")
    assert [turn.template.partition("@")[0] for turn in turns][-3:] == ["coach", "reword", "revise"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"reword": "Add 7 and 9.", "revised": "5"}, "the revised response fails: answer: expected 4, found 5"),
        ({"reword": "What is 1 + 3?", "revised": "The answer is 4."}, "no other response came"),
        ({"reword": "Add 1 and 3. It is 4.", "revised": ""}, "no wording came that is another and means the same"),
        ({"critic": {"faults": [], "revise": False, "advice": ""}}, "advice cannot be read"),
    ],
)
def test_what_does_not_pass_leaves_the_old_standing(tmp_path: Path, said: dict[str, Any], why: str) -> None:
    spoken = seats(**{key: value for key, value in said.items() if key != "critic"})
    if "critic" in said:
        spoken = script(critic=said["critic"], solver="The answer is 4.")
    (episode,), samples, _ = one(tmp_path, spoken, **REWRITE)
    assert episode.outcome == "accepted"
    assert [message.content for message in samples[0].messages[1:]] == ["What is 1 + 3?", "The answer is 4."]
    assert why in told(episode, "rewrite")
    assert len(episode.drafts) == 1


def test_a_wording_that_gives_the_answer_away_is_no_revision(tmp_path: Path) -> None:
    found = one(tmp_path, seats(reword="Add 1 and 3, which make four.", revised=""), **REWRITE)
    assert found[1][0].messages[1].content == "What is 1 + 3?"


JUDGED = """
from noria.evaluators.arithmetic import Arithmetic as Sums
from noria.types import Check


class Opinions(Sums):
    name = "opinions"
    warrant = "judged"

    def says(self, parameters, instruction):
        if "1" not in instruction:
            return Check.of("wording", True, "no program can tell")
        return super().says(parameters, instruction)
"""


@pytest.mark.parametrize(
    ("wording", "word", "learned", "why"),
    [
        ("What is 1 + 3 in all?", "accept", ["What is 1 + 3 in all?", "4"], "worded anew"),
        ("Write a song of the sea.", "accept", ["What is 1 + 3?", "4"], "no wording came that is another and means"),
        ("What is 1 + 3 in all?", "reject", ["What is 1 + 3?", "The answer is 4."], "the judge does not accept"),
    ],
)
def test_where_no_program_can_tell_nearness_of_meaning_and_the_judge_hold_a_revision(
    tmp_path: Path, wording: str, word: str, learned: list[str], why: str
) -> None:
    (tmp_path / "opinions.py").write_text(JUDGED)
    asked: list[Request] = []

    def judge(request: Request) -> str:  # of the draft first, then of what was revised
        asked.append(request)
        return "accept" if len(asked) == 1 else word

    (episode,), samples, turns = one(
        tmp_path, seats(reword=wording, judge=judge), hand={"domain": "opinions", "veto": True},
        domains={"opinions": (1,)},
        domain_files=(tmp_path / "opinions.py",), **REWRITE,
    )  # fmt: skip
    assert episode.outcome == "accepted", episode.evidence
    assert [message.content for message in samples[0].messages[1:]] == learned
    assert samples[0].provenance.warrant == "judged"
    assert why in told(episode, "rewrite")
    assert sum(turn.key.role == "judge" and turn.key.attempt > 100 for turn in turns) >= 1


def test_a_preference_of_the_judges_in_both_orders_may_be_asked_for(tmp_path: Path) -> None:
    def judge(place: str) -> Any:
        return lambda request: place if "first" in request.choices else "accept"

    rules: dict[str, Any] = {"methods": {"rewrite": {"share": 1.0, "parts": ("response",), "preferred": True}}}
    (episode,), samples, _ = one(tmp_path, seats(judge=judge("first")), **rules)
    assert samples[0].messages[-1].content == "The answer is 4."
    assert "does not prefer" in told(episode, "rewrite")
    assert len(episode.attempts) == 3  # the revised response passed, and is told all the same


WORDINGS = ("Add 1 and 3.", "What is 1 + 3?", "Add 7 and 9.", "How much is 1 plus 3?")
PARAPHRASE: dict[str, Any] = {"methods": {"paraphrase": {"variants": 4}}}


def test_variants_are_samples_of_their_own_that_say_whose_they_are(tmp_path: Path) -> None:
    (episode,), samples, turns = one(tmp_path, seats(paraphrases=WORDINGS), **PARAPHRASE)
    answer, proposal, *variants = samples
    assert (answer.role, proposal.role, episode.sample) == ("solver", "generator", answer.id)
    assert [sample.messages[1].content for sample in variants[:2]] == ["Add 1 and 3.", "How much is 1 plus 3?"]
    assert len({sample.messages[1].content for sample in samples if sample.role == "solver"}) == len(variants) + 1 == 5
    for variant in variants:
        story = variant.provenance
        assert (story.variant_of, story.strategy, variant.role) == (answer.id, "paraphrase", "solver")
        assert variant.messages[-1] == answer.messages[-1]
        assert (story.episode, story.task, story.attempt) == (
            episode.id,
            answer.provenance.task,
            episode.attempts[0].id,
        )
    assert [sample.provenance.worded_by for sample in variants] == ["generator"] * 2 + ["program"] * 2
    assert told(episode, "paraphrase").startswith("2 of 3 wordings by the generator stand")
    assert sum(turn.template.startswith("paraphrase@") for turn in turns) == 1


def test_a_variant_that_may_not_be_learned_is_left_out_alone(tmp_path: Path) -> None:
    seen: dict[str, Any] = {
        "hygiene": {"screen": ("email",)},
        "methods": {"paraphrase": {"variants": 2, "by": ("generator",)}},
    }
    wordings = ("Add 1 and 3.", "Please add 1 and 3 for ann at example dot com.")
    (episode,), samples, _ = one(tmp_path, seats(paraphrases=wordings), **seen)
    assert [sample.messages[1].content for sample in samples if sample.provenance.variant_of] == ["Add 1 and 3."]
    assert episode.outcome == "accepted"


def test_off_means_that_nothing_is_imported_and_nobody_asked(tmp_path: Path) -> None:
    (episode,), samples, turns = one(tmp_path, seats())
    assert (len(samples), len(turns)) == (2, 5)
    assert {check.name for check in episode.checks} == {"form", "wording", "novelty", "hygiene"}


RULES: dict[str, Any] = {
    "domains": {"arithmetic": (1, 2)},
    "play": {"episodes": 12, "batch": 6, "attempts": 2},
    "train": {"min_rows": 1},
    "verifiers": {"planted": 0},
    "stop": {"rounds": 2},
    "methods": {
        "rewrite": {"share": 1.0}, "paraphrase": {"variants": 2}, "mistakes": {"share": 0.5},
        "toxicity": {"written": 2, "cases": 30}, "cleanse": True,
    },
}  # fmt: skip


def poorly(request: Request) -> Any:
    """A puppet that seldom solves a sum, so that there are mistakes to learn from."""
    return Puppet(skill=0.2)(request)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[SessionConfig, dict[str, Any], Counter[str]]:
    """A session of two rounds with every method of quality, that was cut off in a method's call and resumed."""
    rules = build.config(tmp_path_factory.mktemp("quality"), **RULES)
    asked: Counter[str] = Counter()

    def counted(end: int) -> Callable[[Request], Any]:
        paraphrased = 0

        def answer(request: Request) -> Any:
            nonlocal paraphrased
            paraphrased += "in other words" in request.messages[-1].content
            if end and paraphrased == end:
                raise RunError("cut off")
            asked[request.traceparent or request.role] += 1
            return poorly(request)

        return answer

    with pytest.raises(RunError, match="cut off"):
        asyncio.run(run(rules, build.means(rules, counted(3))))
    found = asyncio.run(run(rules, build.means(rules, counted(0))))
    return rules, found, asked


def opened(rules: SessionConfig, write: bool = False) -> History:
    return History(Ledger(rules.session, write=write))


def test_a_resumed_session_pays_for_no_call_twice_and_decides_as_one_that_was_not_cut(
    session: tuple[SessionConfig, dict[str, Any], Counter[str]], tmp_path: Path
) -> None:
    rules, _, asked = session
    history = opened(rules)
    read = sum(len(history.trace(f"prose-r{number:04}")) for number in (1, 2))
    assert asked.total() == sum(calls for _, _, calls, *_ in history.seats()) - read
    whole = build.config(tmp_path, **RULES)
    asyncio.run(run(whole, build.means(whole, poorly)))

    def says(history: History) -> list[tuple[str, str, tuple[str, ...]]]:
        return sorted((one.id, one.provenance.strategy, one.provenance.parents) for one in history.samples())

    assert says(history) == says(opened(whole))


def test_the_funnel_counts_tasks_and_the_log_shows_variants(
    session: tuple[SessionConfig, dict[str, Any], Counter[str]],
) -> None:
    rules, found, _ = session
    history = opened(rules)
    variants = [sample for sample in history.samples() if sample.provenance.variant_of]
    assert variants
    assert (
        found["funnel"]["accepted"]
        == found["samples"]["accepted"]
        == sum(episode.outcome == "accepted" for episode in history.episodes())
    )
    assert found["samples"]["variants"] == len(variants) == history.variants()
    assert summary(rules.session)["samples"] == found["samples"]
    assert all(history.place(sample.id) for sample in variants)
    assert verify(history.ledger).samples == len(history.samples())


def test_a_hand_is_dealt_around_what_the_student_failed_at_in_play(
    session: tuple[SessionConfig, dict[str, Any], Counter[str]],
) -> None:
    history = opened(session[0])
    assert not any(hand.strategy for hand in history.deal(1))
    around = [hand for hand in history.deal(2) if hand.strategy == "mistakes"]
    assert around
    examined = {item.task.id for exam in history.exams() for item in history.exam_items(exam.round)}
    for hand in around:
        failed = history.episode(hand.brief["episode"])
        assert failed is not None
        task = next(one for one in failed.drafts if one.id == hand.brief["task"])
        wrong = next(one for one in failed.attempts if one.response == hand.brief["response"])
        assert not wrong.passed
        assert wrong.task == task.id
        assert task.id not in examined
        assert (hand.seed.kind, hand.seed.text, hand.brief["depth"]) == ("mistake", task.instruction, 1)
        assert (hand.level, hand.window["skill"], hand.parents[0]) == (task.level, task.skill, hand.seed.id)
        for name in "ab":
            low, high = hand.window[name]
            assert low <= task.parameters[name] <= high
        asked = next(turn for turn in history.trace(hand.episode) if turn.key.role == "generator")
        assert asked.template.startswith("mistake@")
        assert f">{task.instruction}</data-" in asked.messages[-1].content


def test_what_grew_from_a_mistake_is_no_mistake_to_grow_from(tmp_path: Path) -> None:
    from noria.config.methods.quality import Mistakes
    from noria.graphs.strategies.assigning import Setting
    from noria.graphs.strategies.mistakes import deal
    from noria.identity import stream

    brief = {"episode": "x", "depth": 1}
    (episode,), _, _ = one(
        tmp_path, script(solver="5"), hand={"strategy": "mistakes", "brief": brief | around(), "seed": build.seed()}
    )
    assert episode.solve_rate == 0
    rules = build.config(tmp_path)
    history = opened(rules)
    index = Neighbours(rules.session)
    setting = Setting(rules, {"arithmetic": build.SHIPPED["arithmetic"]}, history, index, 2)
    hand = build.dealt("episode-9", round=2)
    assert deal(hand, Mistakes(), setting, stream("x")) is None
    deeper = deal(hand, Mistakes(depth=2), setting, stream("x"))
    assert deeper is not None
    assert deeper.brief["depth"] == 2
    index.close()


def around() -> dict[str, Any]:
    return {"parameters": {"skill": "add", "a": 1, "b": 2}, "instruction": "What is 1 + 2?", "response": "5"}


def test_the_filter_is_tried_each_round_and_its_card_is_kept(
    session: tuple[SessionConfig, dict[str, Any], Counter[str]],
) -> None:
    history = opened(session[0])
    for number in (1, 2):
        (chosen,) = selections(history, number)
        card = chosen.facts["filter"]
        assert chosen.method == "toxicity"
        assert sum(shown for _, shown in card["caught"].values()) == 30
        assert 0.7 <= card["recall"] <= 1.0
        assert card["caught"]["euphemism"][0] == 0
        assert card["false_alarms"] == 0
        assert chosen.facts["written"]["asked"] == chosen.facts["written"]["readable"] == 2
        assert not chosen.why  # sums insult nobody
    asked = history.trace("toxicity-r0001")
    assert {turn.key.role for turn in asked} == {"adversary"}
    said = [json.loads(turn.replies[0])["unkind"] for turn in asked]
    assert not any(text in message.content for text in said for one in history.samples() for message in one.messages)


def test_variants_go_with_their_parent(
    session: tuple[SessionConfig, dict[str, Any], Counter[str]], tmp_path: Path
) -> None:
    source = session[0]
    shutil.copytree(source.session, tmp_path / "session")
    history = History(Ledger(tmp_path / "session", write=True))
    index = Neighbours(tmp_path / "session")

    def leave(parents: set[str]) -> None:
        """They are withdrawn, and so is every variant of theirs, in the index as in the ledger."""
        asyncio.run(catch_up(history, index))
        left = [sample for sample in history.samples() if {sample.id, sample.provenance.variant_of} & parents]
        assert parents
        assert not left
        assert index.count() == len(history.samples(role="solver"))

    variants = [sample.provenance for sample in history.samples() if sample.provenance.variant_of]
    one = variants[0].variant_of
    carry_out(history, plan(history, of_ids(history, [one])), retrain=False)
    leave({one})
    other = next(story.variant_of for story in variants if story.variant_of != one)
    writes, _ = rule(history, {"ruling": "refuse", "things": [other], "why": "too plain"})
    history.ledger.write_now(*writes)
    leave({one, other})
    program = {story.variant_of for story in variants if story.source == "program"}
    carry_out(history, plan(history, of_source(history, "program")), retrain=False)
    leave({one, other} | program)
    index.close()
    history.ledger.close()


def rude(request: Request) -> Any:
    """A generator that insults in the wording; it says it politely when asked to."""
    if request.role == "generator":
        polite = "Old wording" in request.messages[-1].content
        return json.dumps({"instruction": "Add 1 and 3."} if polite else PROPOSAL | {"instruction": RUDE})
    return script(solver="4")(request)


RUDE = "Count, you numbskull: what is 1 + 3?"
CLEANSE: dict[str, Any] = {"methods": {"toxicity": {"cases": 0}, "cleanse": True}}


def test_what_insults_is_said_in_clean_words_or_not_at_all(tmp_path: Path) -> None:
    (plain,), samples, _ = one(tmp_path / "off", rude)
    assert plain.drafts[0].worded_by == "generator", "the wording must reach the candidate, or nothing is cleansed"
    assert samples[0].messages[1].content == RUDE
    (episode,), samples, _ = one(tmp_path / "on", rude, **CLEANSE)
    assert (episode.outcome, samples[0].messages[1].content) == ("accepted", "Add 1 and 3.")
    assert "worded anew" in told(episode, "cleanse")

    def stubborn(request: Request) -> Any:
        if request.role == "generator" and "Old wording" in request.messages[-1].content:
            return json.dumps({"instruction": RUDE.replace("Count", "Add")})
        return rude(request)

    (episode,), samples, _ = one(tmp_path / "stubborn", stubborn, **CLEANSE)
    assert samples[0].provenance.worded_by == "program"
    assert "numbskull" not in samples[0].messages[1].content
    (episode,), samples, _ = one(
        tmp_path / "answer", seats(first="4, you blockhead! The answer is 4", revised="4"), **CLEANSE
    )
    assert (episode.outcome, samples[0].messages[-1].content) == ("accepted", "4")


def test_a_policy_scores_by_the_odds_of_its_words_and_what_it_cannot_say_is_refused(tmp_path: Path) -> None:
    by_policy: dict[str, Any] = {"methods": {"toxicity": {"cases": 0, "scorer": "policy"}, "cleanse": True}}

    def judge(word: str) -> Any:
        def says(request: Request) -> str:
            return word if "toxic" in request.choices else "accept"

        return script(judge=says)

    (episode,), _, turns = one(tmp_path / "clean", judge("clean"), **by_policy)
    assert episode.outcome == "accepted"
    assert sum(turn.template.startswith("toxic@") for turn in turns) == 2
    (episode,), samples, _ = one(tmp_path / "toxic", judge("toxic"), **by_policy)
    assert (episode.outcome, episode.reason, samples) == ("refused", Reason.UNCLEAN, [])
    (episode,), samples, _ = one(tmp_path / "odd", judge("perhaps"), **by_policy)
    assert (episode.reason, samples) == (Reason.UNCLEAN, [])


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        ({"cleanse": True}, "`toxicity` scores, which is off"),
        ({"toxicity": {"scorer": "detoxify"}}, "needs `weights`"),
        ({"toxicity": {"weights": "here"}}, "is for `scorer: detoxify`"),
        ({"paraphrase": {"variants": 0}}, "methods.paraphrase"),
        ({"rewrit": True}, "did you mean `rewrite`"),
    ],
)
def test_a_config_that_contradicts_itself_gets_a_sentence(tmp_path: Path, methods: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse({"methods": methods}, place="noria.yaml", folder=tmp_path)


def test_a_classifier_that_is_not_there_is_named_before_anything_starts(tmp_path: Path) -> None:
    rules: dict[str, Any] = {"scorer": "detoxify", "weights": "toxic-bert"}
    found = parse({"methods": {"toxicity": rules}}, place="noria.yaml", folder=tmp_path)
    assert found.methods.toxicity is not None
    assert found.methods.toxicity.weights == tmp_path / "toxic-bert"
    own = build.config(tmp_path, methods={"toxicity": rules | {"weights": tmp_path / "toxic-bert"}})
    with pytest.raises(ConfigError, match="toxic-bert"):
        asyncio.run(run(own, build.means(own)))
    assert not (own.session / "ledger.db").exists()
    skipping = Methods.model_validate({"toxicity": rules | {"weights": tmp_path / "toxic-bert", "missing": "skip"}})
    left, without = usable(skipping)
    assert left.toxicity is None
    assert "safetensors" in without["toxicity"]
