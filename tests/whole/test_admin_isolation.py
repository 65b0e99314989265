"""Who gets what in the back office: every route, every method, every action, asked by everybody.

The routes are read off the URL conf, the actions off the lists. One that is not in
`admin_answers.txt`, or a list of which nobody here makes a row, fails: nobody can add a page and
forget to say whom it is for.

All ask for what is the first tenant's. Each of its rows has a word in all its texts that stands
nowhere else, so that nothing of it can appear before others unseen.
"""

import re
from typing import Final
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Role
from tests.whole.back_office import (
    ACTIONS,
    ALL_BUT_A_LETTER,
    ASKING,
    KEYS,
    OF_PEOPLE,
    ON_THE_DESK,
    OPERATORS_ALONE,
    TABLE,
    WORD,
    Caller,
    Two,
    ask,
    choosing,
    digest,
    list_url,
    make_two,
    prepare,
    read,
    staff,
    who_asks,
)

pytestmark = pytest.mark.django_db
# Whoever leaves sees no more.
LASTING: Final = KEYS - {("logout", "post")}


@pytest.fixture
def two() -> Two:
    return make_two()


# --- What must hold ------------------------------------------------------------------------------


def test_every_page_and_action_of_the_back_office_is_in_the_table() -> None:
    assert KEYS - set(TABLE) == set()
    assert set(TABLE) - KEYS == set()


def test_every_list_of_the_back_office_has_a_row_that_is_asked_for(two: Two) -> None:
    registered = {model._meta.label_lower for model in admin.site._registry}

    assert registered == set(two.rows) == set(two.own)


@pytest.mark.parametrize("who", ASKING)
def test_each_gets_what_is_theirs_on_the_desk(who: str, two: Two) -> None:
    caller = Caller(who_asks(who, two))

    asked = {key: caller.ask(two, key) for key in sorted(KEYS)}

    answers = {" ".join(key): answer for key, (answer, _said) in asked.items()}
    assert answers == {" ".join(key): TABLE[key][who] for key in asked}
    if who in {"other", "visitor", "anybody"}:
        assert words_by_page({" ".join(key): said for key, (_answer, said) in asked.items()}) == {}


def test_others_find_nothing_of_a_tenant_however_they_search(two: Two) -> None:
    said = looked_up(Caller(who_asks("other", two)).client)

    assert words_by_page(said) == {}


def test_who_only_looks_reads_nothing_of_people(two: Two) -> None:
    caller = Caller(who_asks("viewer", two))

    said = {" ".join(key): caller.ask(two, key)[1] for key in sorted(KEYS) if key[1] == "get"}
    said |= looked_up(caller.client)

    assert words_of_people(said) == {}


def test_a_role_elsewhere_adds_nothing_to_the_role_here(two: Two) -> None:
    user = staff(two.second, Role.OWNER)
    Membership.objects.create(user=user, organization=two.first.organization, role=Role.VIEWER)
    caller = Caller(user)
    rows = [*two.rows.values()]
    before = digest(of=rows)

    said = {" ".join(key): read(ask(caller.client, key, two)) for key in sorted(LASTING)}
    said |= looked_up(caller.client)

    assert words_of_people(said) == {}
    assert digest(of=rows) == before


def test_a_tenant_finds_each_of_its_own_rows_when_it_searches(two: Two) -> None:
    found = words_by_page(looked_up(Caller(who_asks("owner", two)).client))

    assert {word.removeprefix(WORD) for word in set().union(*found.values())} >= ON_THE_DESK
    for label in two.rows.keys() - OPERATORS_ALONE:
        assert any(page.startswith(f"{list_url(label)}?q=") for page in found)
    for name in ("user", "organization"):
        assert any(
            page.startswith("autocomplete") and f"{WORD}{name}" in words
            for page, words in found.items()
        )


def test_choosing_all_chooses_all_of_one_s_own(two: Two) -> None:
    caller = Caller(who_asks("other", two))
    rows = [*two.rows.values()]

    for name, (label, action) in ACTIONS.items():
        with transaction.atomic():
            prepare(name, two)
            before = digest(of=rows)
            form = choosing(action, two.rows[label], two.own[label]) | {"select_across": "1"}
            caller.client.post(list_url(label), form)
            assert digest(of=rows) == before, name
            transaction.set_rollback(True)


def test_forms_of_one_s_own_rows_take_in_no_row_of_others(two: Two) -> None:
    caller = Caller(who_asks("other", two))
    theirs = Membership.objects.get(user__pk=two.rows["accounts.user"].pk)
    url = reverse("admin:accounts_organization_change", args=[two.second.organization.pk])
    before = digest(of=[theirs, *two.rows.values()])
    form = {
        "name": two.second.organization.name,
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": str(theirs.pk),
        "memberships-0-organization": str(two.second.organization.pk),
        "memberships-0-user": str(theirs.user_id),
        "memberships-0-role": Role.VIEWER.value,
    }

    for changed in ({}, {"memberships-0-DELETE": "on"}, {"memberships-INITIAL_FORMS": "0"}):
        caller.client.post(url, form | changed)

    assert digest(of=[theirs, *two.rows.values()]) == before
    assert not two.second.organization.memberships.filter(user=theirs.user_id).exists()


# --- All that can be read ------------------------------------------------------------------------


def looked_up(client: Client) -> dict[str, str]:
    """What searches, filters and fields that complete what is typed say, by their addresses."""
    said = {}
    for model in admin.site._registry:
        url = list_url(model._meta.label_lower)
        links = re.findall(r'href="(\?(?!o=)[^"]+)"', read(client.get(url)))  # but to sort
        searches = [f"?{urlencode({'q': text})}" for text in (ALL_BUT_A_LETTER, "@")]
        for query in {*links, *searches, "?_popup=1", "?all="}:
            address = url + query.replace("&amp;", "&")
            said[address] = read(client.get(address))
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and field.related_model in admin.site._registry:
                for term in ("", ALL_BUT_A_LETTER):
                    query = urlencode(
                        {
                            "app_label": model._meta.app_label,
                            "model_name": model._meta.model_name,
                            "field_name": field.name,
                            "term": term,
                        }
                    )
                    address = f"{reverse('admin:autocomplete')}?{query}"
                    said[f"autocomplete {query}"] = read(client.get(address))
    return said


def words_by_page(said: dict[str, str]) -> dict[str, set[str]]:
    """The words of the first tenant's rows, by the pages that say them."""
    found = {page: set(re.findall(rf"{WORD}[a-z]+", text)) for page, text in said.items()}
    return {page: words for page, words in found.items() if words}


def words_of_people(said: dict[str, str]) -> dict[str, set[str]]:
    """Those that only who manages people may read; a history says who wrote it."""
    hidden = {f"{WORD}{name}" for name in OF_PEOPLE}
    found = words_by_page({page: text for page, text in said.items() if "history" not in page})
    return {page: words & hidden for page, words in found.items() if words & hidden}
