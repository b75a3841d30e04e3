"""Preference on a session's own evidence: `dpo` and `spin`, from the ledger to the adapter."""

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy
import pytest
from safetensors.numpy import load_file, save_file

from noria.config import Train
from noria.config.methods.preference import Dpo, Spin
from noria.memory.history import History
from noria.training import dpo
from noria.training.curate import Curated
from noria.training.export.cases import cases
from noria.training.export.contrast import plain
from noria.training.further import ORDER, Start, further
from noria.training.models import fetch_default, weights_id
from noria.training.pairing import Barred
from noria.training.pairs import Pair, fit_pairs, read_pairs, write_pairs
from noria.training.publish import aside, publish
from noria.training.selecting.selector import Tools
from noria.training.sft_job import Step
from noria.types import Policy

RANK = 4


def tools(story: History, folder: Path, number: int = 1) -> Any:
    """What drawing from the ledger alone needs."""
    given: dict[str, Any] = dict.fromkeys(("desk", "domains", "embed", "quiet", "bring_up"))
    return Tools(history=story, number=number, name=f"0/{number}", folder=folder, base="", student="", **given)


def drawn(story: History, folder: Path, rules: Dpo, barred: Barred, number: int = 1) -> list[Pair]:
    return asyncio.run(dpo.pairs(tools(story, folder, number), rules, barred))


NOTHING = Barred(frozenset(), frozenset())


def test_dpo_pairs_are_verified_answers_against_refuted_ones_of_the_same_task(story: History, tmp_path: Path) -> None:
    found = drawn(story, tmp_path, Dpo(pairs=1000, of_task=100), NOTHING)
    assert len(found) > 8
    known = {case.episode.id: case for case in cases(story)}
    for pair in found:
        case = known[pair.episode]
        assert case.answer is not None
        assert pair.prompt == case.answer.messages[:-1]
        right = {case.answer.messages[-1].content} | {one.response for one in case.episode.attempts if one.passed}
        refuted = {one.response for one in case.episode.attempts if not one.passed}
        refuted |= {probe.response for attack in case.episode.attacks for probe in attack.probes if not probe.held}
        assert pair.chosen in right
        assert pair.rejected in refuted
        assert plain(pair.rejected) not in {plain(one) for one in right}


def test_pairs_are_drawn_alike_and_bounded_and_what_is_barred_gives_none(story: History, tmp_path: Path) -> None:
    few = Dpo(pairs=6, of_task=1)
    first = drawn(story, tmp_path, few, NOTHING)
    assert first == drawn(story, tmp_path, few, NOTHING)
    assert len(first) == 6
    assert len({pair.sample for pair in first}) == 6
    one = first[0].sample
    assert one not in {pair.sample for pair in drawn(story, tmp_path, few, Barred((), {one}))}
    assert not drawn(story, tmp_path, few, Barred({name for head in story.heads() for name in head.verifiers}, ()))
    writers = {pair.policy for pair in first}
    assert not {pair.policy for pair in drawn(story, tmp_path, few, Barred((), (), writers))} & writers
    assert drawn(story, tmp_path, Dpo(pairs=60, least=60), NOTHING) == []


def test_earlier_rounds_are_replayed_in_their_share(story: History, tmp_path: Path) -> None:
    def rounds(replay: float) -> list[int]:
        pairs = drawn(story, tmp_path, Dpo(pairs=1000, replay=replay, of_task=1), NOTHING, number=2)
        episodes = {case.episode.id: case.episode.round for case in cases(story)}
        return [episodes[pair.episode] for pair in pairs]

    assert set(rounds(0)) == {2}
    new, old = rounds(0.5).count(2), rounds(0.5).count(1)
    assert old == round(0.5 * new)


def test_pairs_fit_their_budget(story: History, tmp_path: Path) -> None:
    pairs = drawn(story, tmp_path, Dpo(pairs=20), NOTHING)
    write_pairs(tmp_path / "pairs.jsonl", pairs)
    assert read_pairs(tmp_path / "pairs.jsonl") == pairs

    def lengths(pair: Pair) -> tuple[int, int]:
        return len(pair.chosen), len(pair.rejected)

    longest = max(max(lengths(pair)) for pair in pairs)
    whole = fit_pairs(pairs, lengths, max_tokens=10**6, max_row_tokens=longest, epochs=2, seed=0)
    assert (len(whole.pairs), whole.too_long, whole.beyond_budget) == (len(pairs), 0, 0)
    half = fit_pairs(pairs, lengths, max_tokens=whole.tokens, max_row_tokens=longest, epochs=2, seed=0)
    assert 2 * half.tokens <= whole.tokens
    assert len(half.pairs) + half.beyond_budget == len(pairs)
    assert fit_pairs(pairs, lengths, max_tokens=10**6, max_row_tokens=longest - 1, epochs=1, seed=0).too_long > 0


def adapter(base: Path, out: Path) -> Path:
    """An adapter that changes nothing yet, on two layers of the default model."""
    sizes = json.loads((base / "config.json").read_text())
    hidden = sizes["hidden_size"]
    rng = numpy.random.default_rng(0)
    weights: dict[str, Any] = {}
    for layer in range(2):
        name = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        weights[f"{name}.lora_A.weight"] = rng.normal(0, 0.02, (RANK, hidden)).astype(numpy.float32)
        weights[f"{name}.lora_B.weight"] = numpy.zeros((hidden, RANK), numpy.float32)
    card = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": RANK, "lora_alpha": 2 * RANK, "lora_dropout": 0.0,
        "target_modules": ["q_proj"], "layers_to_transform": [0, 1], "bias": "none",
    }  # fmt: skip
    place = aside(out)
    save_file(weights, place / "adapter_model.safetensors")
    (place / "adapter_config.json").write_text(json.dumps(card))
    publish(place, out, kind="adapter", made_by="a test", base="base")
    return out


def test_spin_trains_a_new_adapter_against_its_opponent_and_is_not_trained_twice(
    story: History, tmp_path: Path
) -> None:
    """The one real training here: the opponent is the base, so the reference is emptied; `dpo` has no pairs."""
    if not (folder := fetch_default()).is_dir():
        pytest.skip("the default model is not at hand")
    place = tmp_path / "student-r0001"
    first = adapter(folder, place / "adapter")
    found = drawn(story, tmp_path, Dpo(pairs=2, least=2, of_task=1), NOTHING)
    pairs = tuple(pair.model_copy(update={"method": "spin"}) for pair in found)
    base = Policy(id=weights_id(folder), name="base", folder=str(folder), student=True)
    told: list[Step] = []
    start = Start(
        "student-r0001",
        base,
        first,
        place,
        Curated((), {}, (), {}, {}, pairs, base),
        Train(batch=2),
        False,
        told.append,
    )
    methods = {"spin": Spin(learning_rate=1e-3, epochs=4), "dpo": Dpo()}
    made, reports = asyncio.run(further(start, methods))
    assert list(reports) == [name for name in ORDER if name in methods]
    assert reports["dpo"] == {"skipped": "there is nothing for it to learn"}
    assert made == place / "spin"
    assert reports["spin"]["pairs"] == 2
    assert told[-1].step == told[-1].steps == 4
    # An adapter that changes nothing is the base: at the first step nothing is preferred, at the last the chosen is.
    assert reports["spin"]["losses"][0] == pytest.approx(numpy.log(2), abs=1e-3)
    assert reports["spin"]["losses"][-1] < reports["spin"]["losses"][0]
    assert reports["spin"]["margins"][-1] > 0
    before, after = (load_file(one / "adapter_model.safetensors") for one in (first, made))
    assert before.keys() == after.keys()
    assert any((before[name] != after[name]).any() for name in before)
    assert not [one for one in made.rglob("*") if one.suffix in (".bin", ".pt")]
    told.clear()
    assert asyncio.run(further(start, methods))[0] == made
    assert not told
