"""No tracked file has a secret in it."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

PATTERNS = {
    "private key": rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "AWS access key": rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "AWS secret key": rb"(?i)aws_secret_access_key\W{1,5}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])",
    "GitHub token": rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})",
    "GitLab token": rb"\bglpat-[A-Za-z0-9_-]{20}",
    "Slack token": rb"\bxox[abprs]-[A-Za-z0-9-]{10}",
    "Google key": rb"\bAIza[A-Za-z0-9_-]{35}",
    "Stripe key": rb"\b[sr]k_live_[A-Za-z0-9]{16}",
    "PyPI token": rb"\bpypi-AgE[A-Za-z0-9_-]{16}",
    "npm token": rb"\bnpm_[A-Za-z0-9]{36}\b",
    "JSON Web Token": rb"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
    "Facebook access token": rb"\bEAA[A-Za-z0-9]{60,}",
    "webhook secret": rb"\bwhsec_[A-Za-z0-9+/=]{20,}",
    "API key of ours": rb"\bhks_[0-9a-f]{12}_[A-Za-z0-9_-]{20,}",
}
PUBLIC = {
    # Standard Webhooks' own test vector.
    b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
EXAMPLES = {
    "private key": "-----BEGIN EC PRIVATE" + " KEY-----",
    "AWS access key": "AKIA" + "IOSFODNN7EXAMPLE",
    "AWS secret key": "aws_secret_access_key = " + "a/B+" * 10,
    "GitHub token": "ghp_" + "a1B2" * 9,
    "GitLab token": "glpat-" + "a1B2-" * 4,
    "Slack token": "xoxb-" + "123456789012",
    "Google key": "AIza" + "a1B2_" * 7,
    "Stripe key": "sk_live_" + "a1B2" * 4,
    "PyPI token": "pypi-AgE" + "a1B2" * 4,
    "npm token": "npm_" + "a1B2" * 9,
    "JSON Web Token": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxIn0xMjM0.x",
    "Facebook access token": "EAA" + "a1B2" * 15,
    "webhook secret": "whsec_" + "a1B2" * 6,
    "API key of ours": "hks_0123456789ab_" + "a1B2" * 6,
}


def findings(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what looks like a secret, by its kind."""
    for kind, pattern in PATTERNS.items():
        for found in re.finditer(pattern, text):
            if found[0] not in PUBLIC:
                yield kind, found[0]


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: nothing says what is tracked")
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z"],  # noqa: S607 - whichever git there is
        check=True,
        capture_output=True,
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_tracked_file_has_a_secret() -> None:
    files = tracked()
    assert len(files) > 500
    found = [(path.name, kind) for path in files for kind, _ in findings(path.read_bytes())]
    assert found == []


def test_no_tracked_file_is_one_that_holds_secrets() -> None:
    names = {path.name for path in tracked()}
    assert not {".env", "pgpass", "id_rsa", "id_ed25519", "credentials"} & names
    assert [name for name in names if name.endswith((".pem", ".key", ".p12", ".pfx"))] == []
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {".env", "secrets/", ".hookstream/"} <= set(ignored)


@pytest.mark.parametrize("kind", PATTERNS)
def test_each_kind_is_noticed(kind: str) -> None:
    text = f"a\nX = '{EXAMPLES[kind]}'\n".encode()
    assert kind in {found for found, _ in findings(text)}
