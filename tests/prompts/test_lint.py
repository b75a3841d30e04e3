"""Front matter, lint and lookup: every fault at once with its line, and the place a template came from."""

from pathlib import Path

import pytest

from noria.errors import ConfigError
from noria.prompts import Template, Templates
from noria.prompts.fields import FIELDS, MARK
from noria.prompts.lint import examples, linted, opened
from noria.prompts.lookup import PACKAGED, places
from tests.prompts.test_templates import HEAD, OLDER

BODY = "user:\n{{ instruction }}\n"


def written(folder: Path, text: str, name: str = "solver") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_packaged_template_is_without_fault_and_has_an_example_of_each_field() -> None:
    files = sorted(PACKAGED.glob("*.md"))
    assert {path.stem for path in files} == set(FIELDS)
    for path in files:
        assert linted(path) == []
        template = opened(path)
        assert template.defaults.keys() == template.inputs - {MARK}
        assert template.output == "program"
        template.render(examples(template))


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_file_without_the_newer_keys_is_as_good_as_it_was(name: str) -> None:
    head, body = (PACKAGED / f"{name}.md").read_text().split("\n---\n", 1)
    older = Template.parse(head.partition("\noutput:")[0] + "\n---\n" + body, name)
    assert (older.output, older.schema, older.defaults) == ("program", None, {})
    fields = examples(older)
    assert fields == examples(opened(PACKAGED / f"{name}.md"))
    older.render(fields)


def test_a_template_of_an_older_noria_is_told_what_does_not_reach_it(tmp_path: Path) -> None:
    (fault,) = linted(written(tmp_path, OLDER, "generator"))
    assert fault.warning
    assert fault.line == 4
    assert "Steering notes" in fault.what


def test_all_faults_come_at_once_with_their_lines(tmp_path: Path) -> None:
    text = "---\nname: judge\ndescription: d\ninputs: [instruction, nothing]\n---\nsystem:\n{% if %}\nuser:\n{{ x\n"
    found = linted(written(tmp_path, text))
    assert [fault.line for fault in found] == [2, 7, 9]


@pytest.mark.parametrize(
    ("front", "line", "said"),
    [
        ("nmae: x", 5, "unknown key `nmae`. Did you mean `name`?"),
        ("inptus: [x]", 5, "Did you mean `inputs`?"),
        ("temperature: 0.5", 5, "unknown key `temperature`. It may hold"),
        ("output: whatever", 5, "must be `program` or a JSON schema"),
        ("output: {type: object}", 5, "What 'solver' replies is set by the program"),
        ("defaults: {topic: tea}", 5, "a default for `topic`, which Noria does not give"),
        ("defaults: {instruction: {a: 1}}", 5, "must be a text, a number, or a list"),
        ("defaults: &a {instruction: *a}", 1, "alias"),
        ("defaults: [", 5, "not YAML"),
        ("x: " + "[" * 500, 1, "opening brackets"),
        ("x: " + "y" * 20_000, 1, "characters"),
    ],
)
def test_front_matter_that_is_wrong(tmp_path: Path, front: str, line: int, said: str) -> None:
    text = HEAD.replace("inputs: [instruction]\n", f"inputs: [instruction]\n{front}\n") + BODY
    found = linted(written(tmp_path, text))
    assert any(said in str(fault) and fault.line == line for fault in found), found
    with pytest.raises(ConfigError, match=rf"solver\.md:{found[0].line}: "):
        opened(tmp_path / "solver.md")


def test_what_its_author_may_not_have_meant_is_a_warning(tmp_path: Path) -> None:
    text = HEAD.replace("solver", "judge") + "system:\nYou judge.<|im_end|>\n" + BODY
    found = linted(written(tmp_path, text, "judge"))
    assert [(fault.line, fault.warning) for fault in found] == [(4, True), (7, True)]
    assert opened(tmp_path / "judge.md").name == "judge"


def test_a_default_that_nobody_asks_for_is_a_warning(tmp_path: Path) -> None:
    text = (PACKAGED / "generator.md").read_text().replace("weak, seed_text, notes,", "weak, seed_text,")
    text = text.replace('{{ notes | join("\\n") }}', "").replace("{% if notes %}", "{% if weak %}")
    found = linted(written(tmp_path, text, "generator"))
    assert [fault.warning for fault in found] == [True, True]
    assert "of no use" in found[1].what


def test_a_reply_may_have_a_schema_of_the_templates_own_if_the_program_can_read_it() -> None:
    schema = "{type: object, properties: {instruction: {type: string, maxLength: 60}}, required: [instruction]}"
    text = (PACKAGED / "reword.md").read_text()
    own = Template.parse(text.replace("output: program", f"output: {schema}"), "reword")
    assert own.schema is not None
    assert own.schema["properties"]["instruction"]["maxLength"] == 60
    with pytest.raises(ConfigError, match="a program reads them"):
        Template.parse(text.replace("output: program", f"output: {schema.replace('instruction', 'wording')}"), "reword")


def test_a_file_may_be_called_otherwise_and_say_what_it_is(tmp_path: Path) -> None:
    assert opened(written(tmp_path, HEAD + BODY, "brief")).name == "solver"
    with pytest.raises(ConfigError, match="no template 'brief'"):
        opened(written(tmp_path, "user:\nhello\n", "brief"))
    with pytest.raises(ConfigError, match="Did you mean 'solver'"):
        opened(written(tmp_path, HEAD.replace("name: solver", "name: solvre") + BODY, "brief"))


def test_the_first_place_that_has_a_template_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    found = places(tmp_path / "session", tmp_path / "config")
    assert list(found) == ["session", "config", "user"]
    for count, place in enumerate(("user", "config", "session")):
        found[place].mkdir(parents=True)
        written(found[place], HEAD + f"user:\n{place}: {{{{ instruction }}}}\n")
        own = Templates(found)
        assert own.render("solver", instruction="tea")[-1].content == f"{place}: tea", count
        assert (own.origin("solver"), own.origin("judge")) == (place, "package")
    assert own.using({"judge": own["judge"].text}).origin("judge") == "text"
