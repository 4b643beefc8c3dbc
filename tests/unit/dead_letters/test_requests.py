import pytest

from functions.deadletter.requests import read_list, read_order
from shared.errors import Problem


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("source=twitter", "source"),
        ("stage=later", "stage"),
        ("code=No%20Code", "code"),
        ("from=yesterday", "from"),
        ("to=2026-13-01", "to"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("after=x", "after"),
        ("order=random", "order"),
        ("colour=red", "colour"),
        ("code=a&code=b", "code"),
    ],
)
def test_a_wrong_parameter_is_named(query: str, parameter: str) -> None:
    with pytest.raises(Problem) as raised:
        read_list(query)
    assert raised.value.kind.code == "invalid_parameter"
    assert raised.value.extensions["parameter"] == parameter
    assert raised.value.extensions["allowed"]


def test_a_list_has_defaults() -> None:
    asked = read_list("")
    assert (asked.limit, asked.after, asked.newest) == (100, None, True)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_body"),
        (b"{", "invalid_json"),
        (b"[]", "invalid_parameter"),
        (b'{"sources":"tiktok"}', "invalid_parameter"),
        (b'{"source":"twitter"}', "invalid_parameter"),
        (b'{"limit":0}', "invalid_parameter"),
        (b'{"dryRun":"yes"}', "invalid_parameter"),
        (b'{"patch":7}', "invalid_parameter"),
    ],
)
def test_a_wrong_body_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Problem) as raised:
        read_order(body, patchable=True)
    assert raised.value.kind.code == code


def test_a_drop_takes_no_patch() -> None:
    with pytest.raises(Problem, match="patch"):
        read_order(b'{"patch":{}}', patchable=False)


def test_an_order_is_read() -> None:
    order = read_order(
        b'{"source":"tiktok","from":"2026-11-20","patch":{"a":null},"dryRun":true,"limit":5}',
        patchable=True,
    )
    assert order.selection.source == "tiktok"
    assert order.selection.start is not None
    assert (order.patch, order.dry_run, order.limit) == ({"a": None}, True, 5)
