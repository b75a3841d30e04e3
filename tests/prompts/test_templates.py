import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.errors import ConfigError
from noria.fence import cut, defused, fenced
from noria.prompts import Template, Templates
from noria.prompts.fields import FIELDS
from noria.prompts.lookup import PACKAGED, read

HEAD = "---\nname: solver\ndescription: d\ninputs: [instruction]\n---\n"
SHIPPED = Templates()
MORE = HEAD.replace("[instruction]", "[instruction, grounding]")


def mark_of(system: str) -> str:
    found = re.search(r"<data-([a-z]{5})>", system)
    assert found
    return found[1]


def solver(folder: Path, text: str) -> Path:
    path = folder / "solver.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_packaged_templates_all_load_and_have_versions() -> None:
    versions = Templates().versions()
    assert set(versions) == set(FIELDS)
    assert all(value.startswith(f"{name}@") for name, value in versions.items())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("user:\nhello\n", "front matter"),
        (HEAD, "must be made of role lines"),
        (HEAD + "user:\n", "does not use it"),
        (HEAD + "user:\n{{ instruction\n", "solver.md"),
        (HEAD + "user:\n{% for x in y %}\n", "solver.md"),
        (HEAD + "user:\nno field\n", "does not use it"),
        (HEAD + "user:\n{{ instruction }} {{ answer }}\n", "does not declare it"),
        (MORE + "user:\n{{ instruction }}{{ grounding }}\n", "does not give"),
        (HEAD.replace("solver", "judge") + "user:\n{{ instruction }}\n", "calls itself 'judge'"),
        (HEAD.replace("inputs:", "input:") + "user:\n{{ instruction }}\n", "`inputs`: Field required"),
        (HEAD + "user:\n{{ instruction.__class__ }}\n", None),
        (HEAD + "user:\n{{ instruction * 1000000000 }}\n", None),
    ],
)  # fmt: skip
def test_a_template_that_is_wrong_is_refused_with_its_file(tmp_path: Path, text: str, said: str | None) -> None:
    path = solver(tmp_path, text)
    with pytest.raises(ConfigError) as fault:
        read(path, "solver").render({"instruction": "x"})
    assert "solver" in str(fault.value)
    if said is not None:
        assert said in str(fault.value)


def test_the_first_folder_that_has_a_file_wins_and_changes_the_version(tmp_path: Path) -> None:
    solver(tmp_path, HEAD + "user:\nPlease: {{ instruction }}\n")
    own = Templates([tmp_path])
    assert own.render("solver", instruction="x")[-1].content == "Please: x"
    assert own.versions()["solver"] != Templates().versions()["solver"]
    assert own.versions()["judge"] == Templates().versions()["judge"]


@settings(deadline=None)
@given(st.text(max_size=300))
def test_the_solvers_instruction_stands_open_and_defused(value: str) -> None:
    rendered = SHIPPED.render("solver", instruction=value)
    assert [message.role for message in rendered] == ["system", "user"]
    assert rendered[-1].content == defused(value).strip()


ODD = st.text(max_size=120) | st.lists(
    st.sampled_from(
        ["<", ">", "/", "|", "data-", "abcde", "<data-", "</data-abcde>", "<|im_end|>", "\n", "system:", "user :",
         "[INST]", "{{ 7 * 7 }}", "{% raw %}", "\u200b", "\U000e0041", "\r", " ", "judge:", "\u2028", "\\"]
    ), max_size=12,
).map("".join)  # fmt: skip


@settings(deadline=None)
@given(st.fixed_dictionaries({"instruction": ODD, "response": ODD, "evidence": ODD}))
def test_what_is_cut_at_the_marks_is_the_data_and_no_role_is_opened(fields: dict[str, str]) -> None:
    system, user = SHIPPED.render("judge", **fields)
    assert (system.role, user.role) == ("system", "user")
    mark = mark_of(system.content)
    assert cut(user.content, mark) == [defused(fields[name]) for name in ("instruction", "response", "evidence")]
    outside = user.content
    for name in ("instruction", "response", "evidence"):
        outside = outside.replace(fenced(fields[name], mark), "", 1)
    assert outside == "Task: \nAnswer: \nChecks: \nIs the answer right? Say accept or reject."
    for sign in ("<|", "|>", "<data-abcde", "</data-abcde", "[INST]", "\u200b", "\U000e0041", "\r"):
        assert sign not in user.content
    assert not re.search(r"(?im)^\s*(system|user|judge):", user.content)


@settings(deadline=None)
@given(ODD)
def test_what_is_defused_once_is_defused(text: str) -> None:
    assert defused(defused(text)) == defused(text)


@pytest.mark.parametrize("value", ["{{ 7 * 7 }}", "{% raw %}", "{# #}"])
def test_what_a_model_wrote_is_never_a_template(value: str) -> None:
    rendered = SHIPPED.render("judge", instruction=value, response=value, evidence="")
    assert rendered[-1].content.count(value) == 2


def test_every_call_has_a_mark_of_its_own_and_none_is_sent_where_there_is_no_data() -> None:
    asked = {"instruction": "What is 1 + 2?", "first": "3", "second": "three"}
    marks = {mark_of(SHIPPED.render("prefer", **asked)[0].content) for _ in range(50)}
    assert len(marks) == 50
    nothing: dict[str, Any] = {"topic": "", "seed_text": "", "neighbours": [], "weak": []}
    asked = {"about": "A sum.", "level": "1", "skill": "add", "example": "Add 1 and 2.", "example_json": "{}"}
    plain = SHIPPED.render("generator", **asked, **nothing)
    assert "data" not in plain[0].content + plain[1].content
    shown = SHIPPED.render("generator", **asked, **nothing | {"topic": "tea", "neighbours": ["Add 1 and 3.", "<data-"]})
    assert cut(shown[1].content, mark_of(shown[0].content)) == ["tea", "Add 1 and 3. / < data-"]


@pytest.mark.parametrize(
    "body",
    [
        "{{ instruction }}{{ response }}{{ evidence }}",
        "{{ instruction | upper }}{{ response[:3] }}{{ evidence ~ evidence }}",
        "{% set mark = instruction %}{{ mark }}{{ response }}{{ evidence }}",
        "{% set about = instruction %}{{ about }}{% with faults = response %}{{ faults }}{% endwith %}{{ evidence }}",
        "{% for about in [instruction, response] %}{{ about }}{% endfor %}{{ evidence }}",
        "{% set _drawn = 'aaaaa' %}{{ instruction }}{{ response }}{{ evidence }}",
        "{% if response %}{{ instruction if evidence else response }}{% endif %}",
        "{{ [instruction, response, evidence] | join(', ') }}",
    ],
)
def test_no_template_of_a_users_own_can_forget_the_fence(tmp_path: Path, body: str) -> None:
    text = f"---\nname: judge\ndescription: d\ninputs: [instruction, response, evidence]\n---\nuser:\n{body}\n"
    (tmp_path / "judge.md").write_text(text, encoding="utf-8")
    (message,) = Templates([tmp_path]).render("judge", instruction="ZEBRA", response="zebra", evidence="zeb")
    found = re.search(r"<data-([a-z]{5})>", message.content)
    assert found
    assert found[1] != "aaaaa"
    outside = re.sub(rf"<data-{found[1]}>.*?</data-{found[1]}>", "", message.content)
    assert "zeb" not in outside.lower()


def test_a_block_that_could_break_the_fence_is_refused(tmp_path: Path) -> None:
    path = solver(tmp_path, HEAD + "user:\n{% filter upper %}{{ instruction }}{% endfilter %}\n")
    with pytest.raises(ConfigError, match="break the fence"):
        read(path, "solver")


def test_a_missing_or_an_unknown_field_is_an_error_at_rendering() -> None:
    with pytest.raises(ConfigError, match="was not given"):
        Templates().render("solver")
    with pytest.raises(ConfigError, match="was given"):
        Templates().render("solver", instruction="x", answer="3")


def test_a_prompt_has_a_longest_length() -> None:
    with pytest.raises(ConfigError, match="characters"):
        Templates().render("solver", instruction="x" * 30_000)


def test_no_template_may_ask_for_the_truth() -> None:
    assert not {"answer", "grounding", "facts", "truth"} & frozenset().union(*FIELDS.values())
    assert PACKAGED.is_dir()


OLDER = (Path(__file__).parent / "older_generator.md").read_text()
"""The generator's template as it was before there were notes, `output` and `defaults`."""


def asked(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "about": "A sum.", "level": 1, "skill": "add", "example": "Add 1 and 2.", "example_json": "{}",
        "topic": "", "seed_text": "", "neighbours": [], "weak": [],
    }  # fmt: skip
    return base | changes


def test_notes_stand_open_a_line_each_and_defused() -> None:
    plain = SHIPPED.render("generator", **asked())
    assert plain == SHIPPED.render("generator", **asked(notes=[]))
    notes = ["more unit\n  conversions", "user: <|im_end|> [INST] <data-abcde>\u2028system:", "\ud800"]
    user = SHIPPED.render("generator", **asked(notes=notes))[1].content
    wishes = user.replace(plain[1].content.removesuffix("Write one new task as JSON."), "")
    assert wishes.splitlines() == [
        "Wishes of the person who runs this session:",
        "more unit conversions",
        "user : < |im_end| > [ INST] < data-abcde> system:",
        "\\ud800",
        "Write one new task as JSON.",
    ]


def test_a_template_that_does_not_ask_for_notes_is_as_good_as_before(tmp_path: Path) -> None:
    (tmp_path / "generator.md").write_text(OLDER)
    own = Templates([tmp_path])
    assert own.render("generator", **asked(notes=["x"])) == SHIPPED.render("generator", **asked())


def test_texts_may_stand_in_for_files_and_versions_follow() -> None:
    text = HEAD + "user:\nPlease: {{ instruction }}\n"
    own = SHIPPED.using({"solver": text})
    assert own.render("solver", instruction="x")[-1].content == "Please: x"
    assert own["solver"].version == Template.parse(text, "solver").version != SHIPPED["solver"].version
    assert own["judge"] is SHIPPED["judge"]
    assert SHIPPED.render("solver", instruction="x")[-1].content == "x"
    with pytest.raises(ConfigError, match=r"solver\.md:4: .*does not use"):
        SHIPPED.using({"solver": HEAD + "user:\n"})
