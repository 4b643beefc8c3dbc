"""Logins of the database as DATABASE_LOGINS has them."""

import pytest

from shared.store.kinds import LoginsError, read_logins, urls_by_logins


def test_a_login_keeps_servers_and_parameters_and_nothing_of_the_owner() -> None:
    owner = "postgresql://owner:secret@a:1,b:2/db?sslmode=verify-full&passfile=%2Fsecret&user=owner"
    assert urls_by_logins(owner, {"reader": "own"}) == {
        "reader": "postgresql://reader:own@a:1,b:2/db?sslmode=verify-full"
    }


def test_no_logins_need_no_uri() -> None:
    assert read_logins("") == {}
    assert urls_by_logins("host=a dbname=db", {}) == {}
    with pytest.raises(LoginsError, match="has to be a URI"):
        urls_by_logins("host=a dbname=db", {"reader": "own"})


@pytest.mark.parametrize("text", ["reader", "reader:", "owner:x", "reader:a@b", "reader:a,:b", ","])
def test_what_is_no_login_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(LoginsError) as refused:
        read_logins(text)
    assert "a@b" not in str(refused.value)
