"""A student leaves as an adapter or merged, and loads with peft and transformers: tiny weights, drawn at random."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from noria.errors import ConfigError, ModelError, SessionError
from noria.memory.history import History
from noria.memory.learned import taught
from noria.memory.ledger import Ledger
from noria.memory.withdrawals import tainting
from noria.training.export.manifest import must_read
from noria.training.export.weights import WeightsOrder, write_weights
from noria.training.models import weights_id
from noria.training.publish import aside, publish
from noria.types import Demand, Policy
from tests.build import chained, config, episode, exam

STUDENT = "student-r0001"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session whose base is a tiny model and whose student a LoRA adapter of it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from tokenizers import Tokenizer, models
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    place = tmp_path_factory.mktemp("weights")
    session, base = place / "session", place / "models" / "tiny"
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(vocab_size=8, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    )
    model.save_pretrained(base)
    words = {f"w{number}": number for number in range(8)}
    own = Tokenizer(models.WordLevel(words, unk_token="w0"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=own, unk_token="w0", chat_template="{{ messages }}")
    tokenizer.save_pretrained(base)
    adapted = get_peft_model(
        model, LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    )
    out = session / "students" / STUDENT / "adapter"
    out.parent.mkdir(parents=True)
    aside(out)
    made = aside(out)
    adapted.save_pretrained(made)
    tokenizer.save_pretrained(made)
    publish(made, out, kind="adapter", made_by="a test", base="policy-base")
    student = Policy(
        id=weights_id(out), name=STUDENT, parents=("policy-base",), round=1, adapter=str(out), student=True,
        training={"composition": {"new": 1, "replay": 0}, "recipe": {"rank": 2, "base_id": "policy-base"}},
    )  # fmt: skip
    asyncio.run(_begun(session, Policy(id="policy-base", name="base", folder=str(base), student=True), student))
    return session


async def _begun(session: Path, base: Policy, student: Policy) -> None:
    ledger = Ledger(session, write=True)
    history = History(ledger)
    await history.keep_fact("config", config(session, student=base.folder).model_dump_json())
    await history.keep_policy(base, "base", "student")
    await history.keep_policy(student, "student", also=[taught(student.id, ["sample-b", "sample-a"])])
    await history.keep_policy(Policy(id="policy-far", name="far"))
    own = chained(1)
    await history.settle(episode("episode-1", outcome="accepted"), [own])
    held = exam(1, base.id, student.id).model_copy(
        update={"demands": (Demand(name="gain", met=True, said="7 won | 0 lost"),)}
    )
    await history.keep_exam(held, [])
    ledger.close()


def out(session: Path, to: Path, policy: str = "student", **changes: Any) -> Any:
    ledger = Ledger(session)
    try:
        return write_weights(History(ledger), WeightsOrder(to=to, session=session, policy=policy, **changes))
    finally:
        ledger.close()


def logits(model: Any) -> Any:
    import torch

    return model(torch.tensor([[1, 2, 3]])).logits


def test_the_adapter_loads_over_its_base_and_names_no_path(trained: Path, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    made = out(trained, tmp_path / "adapter")
    assert made == must_read(tmp_path / "adapter")
    base = trained.parent / "models" / "tiny"
    plain = AutoModelForCausalLM.from_pretrained(base)
    before = logits(plain)
    adapted = PeftModel.from_pretrained(plain, tmp_path / "adapter")
    assert not before.equal(logits(adapted))
    assert len(AutoTokenizer.from_pretrained(tmp_path / "adapter")) == 8
    assert json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())["base_model_name_or_path"] == "tiny"
    assert str(trained.parent).encode() not in b"".join(path.read_bytes() for path in (tmp_path / "adapter").iterdir())
    assert all(not name.endswith((".bin", ".pt")) for name in made.files)


def test_merged_weights_say_what_base_and_adapter_say(trained: Path, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    made = out(trained, tmp_path / "merged", STUDENT, merged=True)
    assert made.kind == "merged"
    adapter = trained / "students" / STUDENT / "adapter"
    base = AutoModelForCausalLM.from_pretrained(trained.parent / "models" / "tiny")
    wanted = logits(PeftModel.from_pretrained(base, adapter))
    assert logits(AutoModelForCausalLM.from_pretrained(tmp_path / "merged")).allclose(wanted, atol=1e-5)
    assert not (tmp_path / "merged" / ".merging").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]


def test_the_card_says_what_it_learned_and_how_it_was_examined(trained: Path, tmp_path: Path) -> None:
    from huggingface_hub import ModelCard

    out(trained, tmp_path / "a", base_model="acme/tiny", licence="mit", language=("en",), title="A | B")
    card = ModelCard.load(tmp_path / "a" / "README.md")
    told = card.data.to_dict()
    assert (told["base_model"], told["library_name"], told["license"]) == ("acme/tiny", "peft", "mit")
    assert "# A &#124; B" in card.content
    assert "`base` was right on 20 % (0 % to 50 %), this one on 90 % (60 % to 100 %)" in card.content
    assert "- gain: met; 7 won &#124; 0 lost" in card.content
    lineage = json.loads((tmp_path / "a" / "lineage.json").read_text())
    assert lineage["learned"] == ["sample-a", "sample-b"]
    assert lineage["sha256"] in card.content
    assert "--max-lora-rank 8" in card.content


def test_a_moved_session_finds_its_weights(trained: Path, tmp_path: Path) -> None:
    import shutil

    moved = tmp_path / "moved"
    shutil.copytree(trained, moved)
    ledger = Ledger(moved, write=True)
    history = History(ledger)
    policy = history.policy(STUDENT)
    assert policy is not None
    ledger.close()
    (moved / "students" / STUDENT / "adapter" / "adapter_model.safetensors").write_bytes(b"changed")
    with pytest.raises(ModelError, match="is damaged"):
        out(moved, tmp_path / "a")
    assert not (tmp_path / "a").exists()
    out(trained, tmp_path / "a")


def test_what_has_no_weights_of_its_own_is_a_sentence(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'base' has no weights"):
        out(trained, tmp_path / "a", "base")
    with pytest.raises(ConfigError, match="'far' has no weights"):
        out(trained, tmp_path / "a", "far")
    with pytest.raises(SessionError, match="knows no policy 'nobody'"):
        out(trained, tmp_path / "a", "nobody")


def test_a_tainted_policy_leaves_only_when_told_and_says_so(trained: Path, tmp_path: Path) -> None:
    import shutil

    session = tmp_path / "session"
    shutil.copytree(trained, session)
    ledger = Ledger(session, write=True)
    policy = History(ledger).policy(STUDENT)
    assert policy is not None
    ledger.write_now(*tainting("--source pool", 1.0, [(policy.id, "learned from what was withdrawn")]))
    ledger.close()
    with pytest.raises(SessionError, match="is tainted by a purge"):
        out(session, tmp_path / "a")
    out(session, tmp_path / "a", tainted=True)
    assert "**Tainted.**" in (tmp_path / "a" / "README.md").read_text()


def test_a_dry_run_has_no_weights_to_give(story: History, tmp_path: Path) -> None:
    order = WeightsOrder(to=tmp_path / "a", session=story.ledger.path.parent, policy=STUDENT)
    with pytest.raises(ConfigError, match="pretended by a dry run"):
        write_weights(story, order)
