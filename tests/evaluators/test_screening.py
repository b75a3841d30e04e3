"""What is screened for is found however it is written, and tasks full of digits and programs raise no alarm."""

import random
import string
from collections.abc import Callable
from typing import Any, cast

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban, luhn

from noria.config import Hygiene
from noria.evaluators.registry import DOMAINS, domain
from noria.evaluators.screening import KEYISH, Screen, signs
from noria.identity import canonical_json, stream

SCREEN = Screen(Hygiene().screen)
LETTERS = string.ascii_letters + string.digits
FRAMES = ("My value is {}, keep it.", "{}", 'x = "{}"', "Write a function f(x) for {}")
TIMES = 12


def some(rng: random.Random, letters: str, count: int) -> str:
    return "".join(rng.choices(letters, k=count))


def a_key(form: str, rng: random.Random) -> str:
    upper = string.ascii_uppercase + string.digits
    return {
        "aws": "AKIA" + some(rng, upper, 16),
        "github": "ghp_" + some(rng, LETTERS, 36),
        "openai": "sk-proj-" + some(rng, LETTERS, 60) + "T3BlbkFJ" + some(rng, LETTERS, 60),
        "hugging face": "hf_" + some(rng, string.ascii_letters, 34),
        "google": "AIza" + some(rng, LETTERS, 35),
        "stripe": "sk_live_" + some(rng, LETTERS, 24),
        "slack": f"xoxb-{some(rng, string.digits, 12)}-{some(rng, string.digits, 12)}-{some(rng, LETTERS, 24)}",
        "pem": f"-----BEGIN RSA PRIVATE KEY-----\n{some(rng, LETTERS, 64)}\n-----END RSA PRIVATE KEY-----",
        "address": f"https://ann:{some(rng, LETTERS, 12)}@db.internal.net/x",
        "password": f"password = '{some(rng, LETTERS, 14)}'",
    }[form]


def an_email(form: str, rng: random.Random) -> str:
    name, host = some(rng, string.ascii_lowercase, 6), some(rng, string.ascii_lowercase, 7)
    return form.format(name=name, host=host)


def an_iban(form: str, rng: random.Random) -> str:
    country, bank = rng.choice([("DE", ""), ("GB", "WEST"), ("NL", "ABNA")])
    account = bank + some(rng, string.digits, {"DE": 18, "GB": 14, "NL": 10}[country])
    whole: str = country + iban.calc_check_digits(f"{country}00{account}") + account
    parts = [whole[at : at + 4] for at in range(0, len(whole), 4)]
    forms = {"whole": whole, "spaced": " ".join(parts), "dashes": "-".join(parts), "small": whole.lower()}
    return forms[form]


def a_card(form: str, rng: random.Random) -> str:
    start = "4" + some(rng, string.digits, 14)
    whole: str = start + luhn.calc_check_digit(start)
    parts = [whole[at : at + 4] for at in range(0, 16, 4)]
    return {"whole": whole, "spaced": " ".join(parts), "dashes": "-".join(parts)}[form]


def a_phone(form: str, rng: random.Random) -> str:
    region, _, how = form.partition(" ")
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert number is not None
    assert number.national_number is not None
    near = phonenumbers.PhoneNumber(
        country_code=number.country_code, national_number=number.national_number // 100 * 100 + rng.randrange(100)
    )
    return phonenumbers.format_number(near, getattr(phonenumbers.PhoneNumberFormat, how))


PLANTED = [
    *(("key", a_key, form) for form in ("aws", "github", "openai", "hugging face", "google", "stripe", "slack", "pem",
                                        "address", "password")),
    *(("email", an_email, form) for form in ("{name}@{host}.com", "{name}+x@mail.{host}.co.uk", "{name}＠{host}.org",
                                             "{name} at {host} dot com", "{name} AT {host} DOT COM",
                                             "{name} [at] {host} [dot] com",
                                             "{name}(at){host}.de", "{name}\u200b@{host}.com")),
    *(("iban", an_iban, form) for form in ("whole", "spaced", "dashes", "small")),
    *(("card", a_card, form) for form in ("whole", "spaced", "dashes")),
    *(("phone", a_phone, f"{region} {how}") for region in ("US", "GB", "DE", "FR", "IN")
      for how in ("E164", "INTERNATIONAL")),
    ("phone", a_phone, "US NATIONAL"), ("phone", a_phone, "GB NATIONAL"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "made", "form"), PLANTED, ids=lambda one: one if isinstance(one, str) else "")
def test_what_is_planted_is_found_and_not_repeated(kind: str, made: object, form: str) -> None:
    rng = stream("planted", kind, form)
    for at in range(TIMES):
        secret = made(form, rng)  # type: ignore[operator]
        found = SCREEN.find(FRAMES[at % len(FRAMES)].format(secret))
        assert kind in {one.kind for one in found}, secret
        assert all(secret[:8] not in str(one) for one in found)


@pytest.mark.parametrize(
    "text", ["You are a fucking idiot.", "f.u.c.k you", "fuuuuck", "what a sh1t", "b i t c h", "fück"]
)
def test_a_toxic_word_is_found_through_its_disguise(text: str) -> None:
    assert [one.kind for one in SCREEN.find(text)] == ["toxic"]


@pytest.mark.parametrize(
    "text",
    [
        "3 + 4155552671 = ?", "4155552671", "12345678901234567890", "1000-2000-3000", "f([415, 555, 2671])",
        "(123) 456 + 7890", "10 000 000 000", "3.14159265358979", "2024-11-24 18:00", "ISBN 978-3-16-148410-0",
        "sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "def f(x): return x @ y.T",
        "arrive at 5. In the end", "Work at home. It is best.", "password = input()", "secret: the owl sleeps",
        "The class will assess the cockpit of Scunthorpe.", "The donkey is an ass, the rooster a cock.",
        "kill the parent",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert SCREEN.find(text) == ()


@pytest.mark.parametrize("name", DOMAINS)
def test_no_task_of_the_domains_is_unclean(name: str) -> None:
    whole = domain(name)
    for level in whole.offered:
        kind, rng = whole.at(level), stream("clean", name, level)
        for _ in range(20):
            point = kind.sample(level, rng)
            wording = kind.phrase(point, rng)
            proposal = canonical_json({**point.proposed(), "instruction": wording})
            text = "\n".join((wording, kind.truth(point, rng), kind.wrong(point, rng), proposal))
            assert SCREEN.find(text) == (), text


def test_nothing_is_screened_for_where_nothing_is_asked() -> None:
    assert Screen(()).find("ann@example.com, you bitch") == ()


def test_a_text_that_is_ascii_is_screened_as_any_other() -> None:
    whole, plain = (cast(Any, words) for words in Screen(["toxic"])._words)
    rng, listed = random.Random(1), sorted(whole.words)
    disguises: tuple[Callable[[str], str], ...] = (str, str.upper, ".".join, " ".join)
    found = 0
    for _ in range(400):
        said = "".join(rng.choices(string.ascii_letters + string.digits + " .,-_*!|$@", k=12))
        text = f"{said} {rng.choice(disguises)(rng.choice(listed))} {said}"
        if text.isascii():
            one, other = (set(words.check_profanity(text)["profane_words"]) for words in (whole, plain))
            assert one == other, text
            found += bool(one)
    assert found > 200


@settings(max_examples=300)
@given(st.data())
def test_no_pattern_of_a_key_is_passed_over_unread(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(signs()))
    text = data.draw(st.from_regex(pattern))
    assert not pattern.search(text) or KEYISH.search(text)
