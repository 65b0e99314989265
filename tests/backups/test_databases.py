"""Databases beside the served one, on a real server: made, counted, and swapped in at once."""

import os
import threading
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from backups import databases, postgres
from backups.databases import TargetUnusable


@pytest.fixture
def url() -> Iterator[str]:
    """The URL of a database that is not there yet, and is not there afterwards."""
    url = postgres.url_of(os.environ["DATABASE_URL"], f"swap_{uuid4().hex[:8]}")
    yield url
    for name in (url, other(url, "new"), other(url, "old")):
        databases.drop(name)


def other(url: str, suffix: str) -> str:
    return postgres.url_of(url, databases.beside(databases.name_of(url), suffix))


def fill(url: str, *words: str) -> None:
    databases.create(url)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE word (text text)")
        for word in words:
            connection.execute("INSERT INTO word VALUES (%s)", [word])


def words(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM word").fetchall()]


def swap(url: str) -> bool:
    return databases.swap(
        fresh=other(url, "new"), served=url, kept=databases.name_of(other(url, "old"))
    )


def test_the_new_takes_the_old_ones_place_and_the_old_is_kept(url: str) -> None:
    fill(url, "old")
    fill(other(url, "new"), "new")
    assert swap(url)
    assert words(url) == ["new"]
    assert words(other(url, "old")) == ["old"]
    assert not databases.exists(other(url, "new"))


def test_where_nothing_was_served_nothing_is_kept(url: str) -> None:
    fill(other(url, "new"), "new")
    assert not swap(url)
    assert words(url) == ["new"]
    assert not databases.exists(other(url, "old"))


def test_a_swap_that_fails_half_way_changes_nothing(url: str) -> None:
    fill(url, "old")  # and the new one is missing: the second rename fails
    with pytest.raises(psycopg.errors.InvalidCatalogName):
        swap(url)
    assert words(url) == ["old"]


def test_a_swap_goes_through_while_others_keep_coming_back(url: str) -> None:
    fill(url, "old")
    fill(other(url, "new"), "new")
    done, seen = threading.Event(), set[str]()

    def ask() -> None:
        while not done.is_set():
            try:
                with psycopg.connect(url) as connection:
                    while not done.is_set():
                        row = connection.execute("SELECT text FROM word").fetchone()
                        seen.add(row[0] if row else "")
            except psycopg.OperationalError:
                continue  # sent away

    visitors = [threading.Thread(target=ask) for _ in range(3)]
    for visitor in visitors:
        visitor.start()
    try:
        assert swap(url)
    finally:
        done.set()
        for visitor in visitors:
            visitor.join()
    assert seen <= {"old", "new"}
    assert words(url) == ["new"]


def test_rows_are_counted_by_table_and_schema(url: str) -> None:
    fill(url, "one", "two")
    with psycopg.connect(url) as connection:
        connection.execute('CREATE SCHEMA "Side"')
        connection.execute('CREATE TABLE "Side"."Odd name" (n int)')
    assert databases.row_counts(url) == {"word": 2, "Side.Odd name": 0}


def test_what_an_interrupted_restore_left_is_made_anew(url: str) -> None:
    fill(url, "left over")
    databases.create(url)
    assert databases.row_counts(url) == {}


def test_a_role_that_may_not_make_databases_is_told_what_to_grant(url: str) -> None:
    role = f"poor_{uuid4().hex[:8]}"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'poor'")
        try:
            with pytest.raises(TargetUnusable) as refusal:
                databases.create(f"{url}{'&' if '?' in url else '?'}options=-crole%3D{role}")
        finally:
            connection.execute(f"DROP ROLE {role}")
    assert refusal.value.code == "may_not_create_databases"


def test_a_database_of_somebody_else_s_is_never_dropped_for_its_name(url: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{databases.name_of(url)}"')
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE word AS SELECT 'precious' AS text")
    with pytest.raises(TargetUnusable) as refusal:
        databases.create(url)
    assert refusal.value.code == "scratch_name_taken"
    assert words(url) == ["precious"]


def test_what_was_swapped_in_is_no_scratch_database_any_more(url: str) -> None:
    fill(other(url, "new"), "new")
    swap(url)
    with pytest.raises(TargetUnusable):
        databases.create(url)


@pytest.mark.parametrize("rights", ["NOCREATEDB", "CREATEDB"])
def test_a_role_that_can_not_swap_is_told_before_anything_is_done(url: str, rights: str) -> None:
    fill(url, "old")
    role = f"poor_{uuid4().hex[:8]}"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN {rights} PASSWORD 'poor'")
        try:
            databases.check_rights(url)
            with pytest.raises(TargetUnusable) as refusal:
                databases.check_rights(f"{url}{'&' if '?' in url else '?'}options=-crole%3D{role}")
        finally:
            connection.execute(f"DROP ROLE {role}")
    expected = {"NOCREATEDB": "may_not_create_databases", "CREATEDB": "not_the_owner"}
    assert refusal.value.code == expected[rights]


@pytest.mark.parametrize("text", ["", "mysql://host/name", "postgresql://host", "postgresql://h/"])
def test_what_is_no_database_url_is_refused(text: str) -> None:
    with pytest.raises(TargetUnusable) as refusal:
        databases.name_of(text)
    assert refusal.value.code == "not_a_database_url"


def test_a_server_that_is_not_there_is_named_as_such() -> None:
    with pytest.raises(TargetUnusable) as refusal:
        databases.exists("postgresql://127.0.0.1:1/none")
    assert refusal.value.code == "database_unreachable"


def test_long_names_keep_their_suffix_within_what_postgresql_keeps() -> None:
    name = databases.beside("ä" * 60, "restoring")
    assert len(name.encode()) <= databases.NAME_MAX_BYTES
    assert name.endswith("_restoring")
