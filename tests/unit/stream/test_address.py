"""What NATS_URL may say."""

from pathlib import Path

import pytest

from infra.local.nats_users import anonymous, urls_by_logins
from infra.local.redaction import redacted
from shared.stream.address import Address, read_address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nats://a:4222", Address(("nats://a:4222",))),
        ("nats://a, nats://b:1", Address(("nats://a", "nats://b:1"))),
        ("nats://u:p@a", Address(("nats://u:p@a",))),
        (
            "tls://a,tls://b?user=u&password_file=%2Fp%2Cq",
            Address(("tls://a", "tls://b"), user="u", password_file="/p,q"),  # noqa: S106 - a path
        ),
        (
            "tls://a?sslrootcert=/ca&sslcert=/c,tls://b?sslrootcert=/ca&sslkey=/k",
            Address(("tls://a", "tls://b"), sslrootcert="/ca", sslcert="/c", sslkey="/k"),
        ),
    ],
)
def test_servers_and_parameters(url: str, expected: Address) -> None:
    assert read_address(url) == expected


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nats://a?sslmode=require", "unknown field `sslmode`"),
        ("nats://a?user=u", "need each other"),
        ("nats://a?password_file=/p", "need each other"),
        ("nats://a?user=u&password_file=", "need each other"),
        ("tls://a?sslkey=/k", "needs sslcert"),
        ("tls://a?sslcert=/a,tls://b?sslcert=/b", "given twice"),
        ("tls://a?servers=b", "given twice"),
        ("tls://a?user", "bad query field"),
    ],
)
def test_what_makes_no_sense_is_refused(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_address(url)


def test_inboxes_are_the_users_own(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\n")
    options = read_address(f"nats://a?user=ingest&password_file={file}").options()
    assert (options["user"], options["password"]()) == ("ingest", "secret")
    assert options["inbox_prefix"] == "_INBOX.ingest"
    file.write_text("changed")
    assert options["password"]() == "changed"
    assert read_address("nats://u:p@a").options()["inbox_prefix"] == "_INBOX.u"
    for without in ("nats://a", "nats://token@a", "nats://u.*:p@a"):
        assert "inbox_prefix" not in read_address(without).options()


@pytest.mark.parametrize("name", ["password_file=/missing&user=u", "sslrootcert=/missing"])
def test_a_file_that_is_not_there(name: str) -> None:
    with pytest.raises(FileNotFoundError):
        read_address(f"tls://a?{name}").options()


def test_nothing_is_sent_in_plain_once_one_server_is_of_tls() -> None:
    assert read_address("nats://a,tls://b").encrypted
    assert not read_address("nats://a").encrypted


def test_logins_replace_the_login_and_leave_tls() -> None:
    servers = "tls://op:pw@a:1?sslrootcert=/ca,tls://b?user=op&password_file=/p"
    found = urls_by_logins(servers, "ingest:x-1, connector:y")
    assert found == {
        "ingest": "tls://ingest:x-1@a:1?sslrootcert=%2Fca,tls://ingest:x-1@b",
        "connector": "tls://connector:y@a:1?sslrootcert=%2Fca,tls://connector:y@b",
    }
    assert anonymous(servers) == "tls://a:1?sslrootcert=%2Fca,tls://b"
    assert urls_by_logins(servers, "") == {}


@pytest.mark.parametrize("logins", ["nobody:x", "ingest", "ingest:", "ingest:a@b", "ingest:a,"])
def test_logins_that_make_no_sense(logins: str) -> None:
    with pytest.raises(ValueError, match="NATS_LOGINS"):
        urls_by_logins("nats://a", logins)


def test_a_url_that_names_a_file_is_shown_whole() -> None:
    url = "nats://127.0.0.1:1?user=operator&password_file=/state/operator"
    assert redacted(url) == url
    assert "pw" not in redacted("tls://u:pw@a?sslrootcert=/ca")
    assert "token" not in redacted("tls://token@a")
