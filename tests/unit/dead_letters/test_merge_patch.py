import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dead_letters.merge_patch import merge, read_patch
from shared.errors import Problem

scalars = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=4)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=2), values, max_size=4)


def by_the_book(target: Any, patch: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Apply RFC 7396, section 2, word by word."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = by_the_book(result.get(name), value)
    return result


@given(values, objects)
def test_it_does_what_the_rfc_says(target: Any, patch: Any) -> None:  # noqa: ANN401 - any JSON value
    raw = json.dumps(target).encode()
    assert json.loads(merge(raw, patch)) == by_the_book(target, patch)


@given(values, objects)
def test_a_second_time_changes_nothing(target: Any, patch: Any) -> None:  # noqa: ANN401 - any JSON value
    once = merge(json.dumps(target).encode(), patch)
    assert json.loads(merge(once, patch)) == json.loads(once)


def test_what_is_not_named_keeps_its_bytes() -> None:
    raw = b'{"a":1.50,"b":{"c":12345678901234567890123,"d":1},"e":[1.0, 2]}'
    merged = merge(raw, {"b": {"d": "x"}})
    assert b'"a":1.50' in merged
    assert b'"c":12345678901234567890123' in merged
    assert b'"e":[1.0, 2]' in merged
    assert json.loads(merged)["b"]["d"] == "x"


@pytest.mark.parametrize("text", [b"7", b"[]", b'"x"', b"null", b"{", b"", b"\xff"])
def test_a_patch_is_an_object(text: bytes) -> None:
    with pytest.raises(Problem) as raised:
        read_patch(text)
    assert raised.value.kind.code == "invalid_parameter"
    assert raised.value.extensions["parameter"] == "patch"
