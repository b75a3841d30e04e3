"""Every format goes into TRL as it is: one step of each trainer on a model of a few thousand weights."""

import json
from pathlib import Path
from typing import Any

import pytest

from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.training.export.choice import FORMATS, Choice
from noria.training.export.columns import columns
from noria.training.export.dataset import Inspection, Order, write
from noria.training.export.files import Container

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture(scope="module")
def both(played: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same rows in both containers."""
    folder, ledger = tmp_path_factory.mktemp("exported"), Ledger(played)
    containers: tuple[Container, ...] = ("jsonl", "parquet")
    for container in containers:
        order = Order(folder / container, played, FORMATS, container, Choice(role="all"), held_out=0.2)
        write(History(ledger), order, Inspection())
    ledger.close()
    return {container: folder / container for container in containers}


@pytest.fixture(scope="module")
def exported(both: dict[str, Path]) -> Path:
    return both["parquet"]


@pytest.fixture(scope="module")
def tokenizer(exported: Path) -> Any:
    """Words of the data as tokens, with the template of ChatML."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    own = Tokenizer(models.BPE(unk_token="<unk>"))
    own.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<unk>", "<|im_start|>", "<|im_end|>"]
    own.train_from_iterator(
        [(exported / "README.md").read_text()],
        trainers.BpeTrainer(
            vocab_size=300, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=own,
        unk_token="<unk>",
        eos_token="<|im_end|>",
        pad_token="<unk>",
        chat_template=CHATML,
    )


@pytest.fixture(scope="module")
def model(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of drawn weights in a folder of its own, as trainers that need a second copy want it."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("model")
    LlamaForCausalLM(config).save_pretrained(folder)
    return str(folder)


def opened(folder: Path, form: str, split: str, cache: Path) -> Any:
    from datasets import load_dataset

    return load_dataset(str(folder), form, split=split, cache_dir=str(cache))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("container", ["jsonl", "parquet"])
def test_datasets_opens_both_sides_with_the_same_columns(
    both: dict[str, Path], container: str, form: Any, tmp_path: Path
) -> None:
    train, test = (opened(both[container], form, split, tmp_path) for split in ("train", "test"))
    assert train.features == test.features
    assert list(train.features) == [one.name for one in columns(form)]
    kinds = {one.name: one.kind for one in columns(form) if one.kind != "messages"}
    assert {name: train.features[name].dtype for name in kinds} == kinds
    assert len(train) > len(test) > 0
    assert set(train["split"]) == {"train"}
    assert not set(train["group"]) & set(test["group"])
    for name in ("provenance", "templates", "checks"):
        json.loads(train[0][name])


TRAINERS = [
    ("sft", "SFT"), ("prompt-completion", "SFT"), ("chatml", "SFT"),
    ("preference", "DPO"), ("kto", "KTO"), ("preference", "Reward"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "name"), TRAINERS)
def test_a_trainer_takes_a_step(
    exported: Path, form: str, name: str, tokenizer: Any, model: str, tmp_path: Path
) -> None:
    import trl

    rows = opened(exported, form, "train", tmp_path).select(range(8))
    args = getattr(trl, f"{name}Config")(
        output_dir=str(tmp_path / "out"), use_cpu=True, bf16=False, gradient_checkpointing=False, max_steps=1,
        per_device_train_batch_size=4, report_to="none", save_strategy="no", disable_tqdm=True, logging_steps=1,
    )  # fmt: skip
    trainer = getattr(trl, f"{name}Trainer")(model=model, args=args, train_dataset=rows, processing_class=tokenizer)
    done = trainer.train()
    assert done.global_step == 1
    assert done.training_loss > 0


def test_the_rendered_text_trains_by_itself(exported: Path, tokenizer: Any, model: str, tmp_path: Path) -> None:
    from trl import SFTConfig, SFTTrainer

    rows = opened(exported, "chatml", "train", tmp_path).select(range(4))
    assert rows[0]["text"] == tokenizer.apply_chat_template(rows[0]["messages"], tokenize=False)
    args = SFTConfig(
        output_dir=str(tmp_path / "out"), use_cpu=True, bf16=False, gradient_checkpointing=False, max_steps=1,
        report_to="none", save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    trainer = SFTTrainer(
        model=model, args=args, train_dataset=rows.remove_columns("messages"), processing_class=tokenizer
    )
    assert trainer.train().global_step == 1
