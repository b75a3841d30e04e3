from pathlib import Path

import pytest

from noria.config import Seeds
from noria.errors import ConfigError
from noria.memory.seeds import gather

GOOD = '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}], "extra": 1}\n'


def rows(folder: Path, text: str) -> Path:
    path = folder / "rows.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


def test_topics_and_rows_become_seeds_once_each(tmp_path: Path) -> None:
    rules = Seeds(topics=("tea", "old  maps", "tea"), rows=rows(tmp_path, GOOD + "\n" + GOOD))
    seeds, skipped = gather(rules)
    assert [(seed.kind, seed.text) for seed in seeds] == [("topic", "tea"), ("topic", "old maps"), ("row", "Hi")]
    assert seeds[2].messages[-1].content == "Hello"
    assert skipped == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON at column"),
        ("[]", "no object with a list of `messages`"),
        ('{"messages": [{"role": "tool", "content": "x"}]}', "`role`"),
        ('{"messages": [{"role": "assistant", "content": "x"}]}', "no message of the user"),
        ('{"messages": [{"role": "user"}]}', "`content`"),
        ('{"messages": [{"role": "user", "content": "  "}]}', "no message of the user"),
    ],
)
def test_a_malformed_row_is_named_by_its_line(tmp_path: Path, line: str, said: str) -> None:
    path = rows(tmp_path, GOOD + line + "\n")
    with pytest.raises(ConfigError) as fault:
        gather(Seeds(rows=path))
    assert f"{path}:2" in str(fault.value)
    assert said in str(fault.value)
    seeds, skipped = gather(Seeds(rows=path, malformed="skip"))
    assert len(seeds) == 1
    assert said in skipped[0]


def test_a_file_with_nothing_usable_or_none_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no usable row"):
        gather(Seeds(rows=rows(tmp_path, "{\n"), malformed="skip"))
    with pytest.raises(ConfigError, match="cannot be read"):
        gather(Seeds(rows=tmp_path / "none.jsonl"))


def test_a_topic_has_bounds() -> None:
    with pytest.raises(ConfigError, match="2 to 60"):
        gather(Seeds(topics=("x" * 100,)))
