import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.redaction import redacted


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        ("postgresql://me:s3cret@db:5432/x?a=b", "postgresql://me:***@db:5432/x?a=b"),
        ("postgresql://me@db/x?passfile=%2Fa%2Fpgpass", "postgresql://me@db/x?passfile=%2Fa%2Fpgpass"),
        ("postgresql://db/x?user=me&password=s3cret&sslmode=require",
         "postgresql://db/x?user=me&password=***&sslmode=require"),
        ("host=db user=me password='s3 cret' dbname=x", "host=db user=me password=*** dbname=x"),
        ("nats://u:s3cret@a:4222,nats://u:s3cret@b:4222", "nats://u:***@a:4222,nats://u:***@b:4222"),
        ("nats://s3cret@a:4222,nats://s3cret@b:4222", "nats://***@a:4222,nats://***@b:4222"),
        ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
    ],
)  # fmt: skip
def test_shows_no_secret(given_: str, shown: str) -> None:
    assert redacted(given_) == shown


@given(st.text("abcXYZ019-._~%!$*+;", min_size=1))
def test_no_password_of_a_url_is_shown(secret: str) -> None:
    password = f"<{secret}>"
    assert password not in redacted(f"postgresql://me:{password}@db/x")
    assert password not in redacted(f"nats://{password}@a:1")
