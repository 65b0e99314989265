"""A password that is easy to guess is refused, in either layout; a good one is not."""

import gzip
import secrets
import string
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from pytest_django import Settings

from accounts import guessable
from accounts.guessable import GOOD_ENOUGH, LOOKED_AT, mark, words_around
from accounts.models import User
from tests.accounts.factories import PASSWORD, MembershipFactory

EASY_ONES = """
    passwordpassword aaaaaaaaaaaa P@ssw0rd1234 letmein123456 iloveyou1234 changemeplease
    qwertyuiopasdf vertexar2024! qwertyuiop12 Password2024! Welcome12345 Administrator1
    administrator admin123admin123 qwerty123456! 1qaz2wsx3edc! zxcvbnm,./12 asdfghjkl;'1
    abcabcabcabc abcdefghijkl monkeymonkey1 football2023! dragon123456 Sunshine2024
    princess1234 superman2020 baseball1234 passw0rdpassw0rd P@ssw0rdP@ssw0rd trustno1trustno1
    vertexarvertexar Vertex-AR-2025 Anna01.02.1990 qweqweqweqwe drowssapdrowssap
    йцукенгшщзхъ ЙЦУКЕНГШЩЗХЪ фывапролджэ1 ячсмитьбю123 парольпароль парольпароль1 пароль123456
    приветпривет йцукен123456 аааааааааааа любовьлюбовь
    gfhjkmgfhjkm ghbdtnghbdtn qazwsxedcrfv zaq12wsxcde3
"""
GOOD = [
    PASSWORD,
    "nine boats left the harbour",
    "teapot granite violin comet",
    "Kettle-Orbit-Walnut-Siren",
    "лодка гранит скрипка комета",
    "девять лодок ушли из гавани",
    "Чайник/Орбита/Орех/Сирена",
    "moss7lantern!quarry",
    "zebra umbrella 49 cathedral",
]


def weaknesses(password: str, user: User | None = None) -> set[str]:
    """The codes of what is wrong with a password."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {str(one.code) for one in error.error_list}
    return set()


@pytest.mark.parametrize("password", EASY_ONES.split())
def test_what_is_easy_to_guess_is_refused(password: str) -> None:
    assert weaknesses(password) & {"password_guessable", "password_too_common"}


@pytest.mark.parametrize("password", GOOD)
def test_words_that_have_nothing_to_do_with_each_other_are_good(password: str) -> None:
    assert weaknesses(password) == set()


def test_what_is_made_at_random_is_good() -> None:
    letters = string.ascii_letters + string.digits
    made = [secrets.token_urlsafe(15) for _time in range(50)]  # as `create_admin` makes them
    made += [secrets.token_hex(8) for _time in range(50)]
    made += ["".join(secrets.choice(letters) for _letter in range(12)) for _time in range(50)]

    assert [password for password in made if weaknesses(password)] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "password",
    ["Kowalczyk-1984", "wieslawa.k.2024", "lighthouse-kiel1", "Lighthouse Kiel", "ar.fjordline123"],
)
def test_what_is_known_of_a_person_and_of_the_place_is_guessed_first(
    password: str, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://ar.fjordline.example"
    user = MembershipFactory.create(
        user__username="wk",
        user__first_name="Wiesława",
        user__last_name="Kowalczyk",
        user__email="wieslawa.k@fjordline.example",
        organization__name="Lighthouse Kiel",
    ).user

    assert mark(password, words_around(user)) < GOOD_ENOUGH


@pytest.mark.django_db
def test_a_name_in_russian_is_known_by_its_keys() -> None:
    user = MembershipFactory.create(organization__name="Мастерская Огонёк").user

    assert (
        mark("огонёк мастерская", words_around(user)) < GOOD_ENOUGH <= mark("огонёк мастерская", [])
    )


def test_one_person_s_words_are_not_held_against_another() -> None:
    with_words = mark("wolfsburger-nachtzug", ["wolfsburger", "nachtzug"])

    assert with_words < GOOD_ENOUGH <= mark("wolfsburger-nachtzug", [])


@pytest.mark.parametrize(("language", "word"), [("en", "four words"), ("ru", "четыре слова")])
def test_it_is_said_what_to_do(language: str, word: str) -> None:
    with translation.override(language), pytest.raises(ValidationError) as refused:
        validate_password("changemeplease")
    with translation.override(language):
        beforehand = " ".join(password_validators_help_texts()).lower()

    assert word in " ".join(refused.value.messages)
    assert word in beforehand


def test_at_least_three_thousand_common_passwords_that_are_long_enough_are_known() -> None:
    packed = Path(guessable.__file__).with_name("common_passwords.txt.gz").read_bytes()
    common = gzip.decompress(packed).decode().split()

    assert len({word for word in common if len(word) >= 12 and not word.isdecimal()}) >= 3_000
    assert all(
        "password_too_common" in weaknesses(common[number].upper())
        for number in range(0, 4_000, 400)
    )


# What costs most: signs of which each may stand for several letters.
SIGNS = "4@8({[<369&#!1/|0$5+7%2"


@given(st.text(max_size=1000) | st.text(SIGNS + "aпё1", min_size=12, max_size=1000))
@example("")
@example(SIGNS * 40)
@example("4@({[<69!1|$5+7" * 60)
@example("a" * 1000)
@example("\u00b2\u0661" * 20)  # digits to Python
@hypothesis(deadline=timedelta(seconds=5), max_examples=40)
def test_any_text_is_judged_in_bounded_time(text: str) -> None:
    assert mark(text, ["vertexar", text[:50]]) in range(5)


def test_what_follows_what_is_looked_at_changes_nothing() -> None:
    assert mark("a" * LOOKED_AT + "teapot granite", []) == 0
