from pathlib import Path

import pytest

from noria.config import Endpoint, SessionConfig, load, parse
from noria.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    path = folder / "noria.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_stand_without_a_word_and_paths_are_taken_from_the_file(tmp_path: Path) -> None:
    config = load(written(tmp_path, "session: ../here/first\n"))
    assert config.session == tmp_path.parent / "here/first"
    assert config.stop.rounds == 2
    assert config.seat("solver") == "student"
    assert config.earnable() == ("generator", "judge")
    assert config.seat("critic") == config.seat("adversary") == "base"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plya: {}\n", "did you mean `play`?"),
        ("play: {episode: 5}\n", "unknown key `play.episode`; did you mean `episodes`?"),
        ("play: {episodes: 0}\n", "`play.episodes`"),
        ("seats: {judge: big}\n", "neither `student`, `base` nor an endpoint"),
        ("endpoints: {big: {modle: x}}\n", "`endpoints.big.model`"),
        ("play: {solve_rate: [0.9, 0.1]}\n", "low then high"),
        ("domains: {}\n", "at least one domain"),
        ("domains: {arithmetic: [0]}\n", "from 1 up"),
        ("roles: {item: 5}\n", "unknown key `roles.item`; did you mean `items`?"),
        ("roles: {items: 5}\n", "items must be 0 or at least 8: fewer cannot show a gain at alpha 0.05"),
        ("roles: {items: 12, alpha: 0.0001}\n", "at least 17"),
        ("roles: {items: -1}\n", "`roles.items`"),
        ("roles: {alpha: 0.5}\n", "`roles.alpha`"),
        ("seats: {judge: student-r0001}\n", "neither `student`, `base` nor an endpoint"),
        ("- a\n- b\n", "must be a mapping"),
        ("play: [\n", "is not YAML"),
    ],
)
def test_a_wrong_config_is_named_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as fault:
        load(path)
    assert said in str(fault.value)
    assert str(path) in str(fault.value)


@pytest.mark.parametrize("name", ["student", "base", "student-r0001"])
def test_an_endpoint_may_not_take_the_name_of_a_policy_of_the_session(name: str) -> None:
    with pytest.raises(ConfigError, match=f"endpoints.{name} has a name of the session's own policies"):
        parse({"endpoints": {name: {"model": "m"}}}, place="-", folder=Path())


def test_no_seat_is_earned_where_no_exam_is_held_or_somebody_is_named(tmp_path: Path) -> None:
    assert load(written(tmp_path, "roles: {items: 0}\n")).earnable() == ()
    assert load(written(tmp_path, "seats: {judge: base, critic: student}\n")).earnable() == ("generator", "critic")


def test_a_missing_config_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="noria init"):
        load(tmp_path / "none.yaml")


def test_a_config_survives_its_own_json() -> None:
    config = SessionConfig.model_validate({"seats": {"judge": "student"}, "stop": {"hours": 1.5}})
    assert SessionConfig.model_validate_json(config.model_dump_json()) == config


def test_an_endpoint_takes_address_and_key_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1/")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    endpoint = Endpoint(model="m")
    assert endpoint.address() == "http://127.0.0.1:9/v1"
    assert endpoint.key() == "secret"


def test_the_environment_may_name_several_replicas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://10.0.0.1:8000/v1,http://10.0.0.2:8000/v1/")
    assert Endpoint(model="m").addresses() == ("http://10.0.0.1:8000/v1", "http://10.0.0.2:8000/v1")
    assert Endpoint(model="m", url="http://10.0.0.3/v1").addresses() == ("http://10.0.0.3/v1",)


def test_an_endpoint_without_an_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ConfigError, match="OPENAI_BASE_URL"):
        Endpoint(model="m").address()


def test_the_written_example_is_the_default(tmp_path: Path) -> None:
    from noria.cli.running import EXAMPLE

    config = load(EXAMPLE)
    default = parse({}, place="-", folder=tmp_path)
    assert config.play == default.play
    assert config.train == default.train
    assert config.exam == default.exam
    assert config.roles == default.roles
    assert config.earnable() == default.earnable()
    assert config.stop == default.stop
    assert config.domains == default.domains
