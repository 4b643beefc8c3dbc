"""The search that ends each acceptance test finds what it is for."""

from pathlib import Path

import pytest
from privacy import assert_private

PASSWORD = "hunter-of-passwords"  # noqa: S105 - what has to be found


@pytest.fixture
def searched(tmp_path: Path) -> Path:
    """Return a state directory in which all is where it belongs."""
    for folder in ("logs", "nats", "postgres", "secrets"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pgpass").write_text(f"127.0.0.1:*:*:hookstream:{PASSWORD}\n")
    (tmp_path / "secrets" / "api-key").write_text("a-stored-secret")
    (tmp_path / "nats" / "1.blk").write_text("Ada Example")
    (tmp_path / "logs" / "x.log").write_text('{"message":"request"}\n')
    return tmp_path


def test_events_and_secrets_may_be_where_they_belong(searched: Path) -> None:
    assert_private(searched, "needle")


@pytest.mark.parametrize(
    "leak",
    ["Ada Example", "user-0b6f1c1e-9d2e-4c1d", PASSWORD, "a-stored-secret", "the needle itself"],
)
def test_a_leak_is_found(searched: Path, leak: str) -> None:
    with (searched / "logs" / "x.log").open("a") as log:
        log.write(f"said {leak} there\n")
    with pytest.raises(AssertionError):
        assert_private(searched, "needle")
