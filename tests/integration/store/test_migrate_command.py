import json
import re
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from infra.cli import app


def run(*options: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["migrate", *options])
    return done.exit_code, done.stdout, done.stderr


def test_applies_what_is_pending(empty_database_url: str) -> None:
    options = ("--database-url", empty_database_url)
    _, planned, _ = run(*options, "--dry-run", "--json")
    code, applied, _ = run(*options, "--json")
    assert code == 0
    assert json.loads(planned)["pending"] == json.loads(applied)["applied"] != []
    assert run(*options) == (0, "the schema is up to date\n", "")
    assert run(*options, "--json") == (0, '{"applied": []}\n', "")


def test_reads_the_environment(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    code, output, _ = run()
    assert code == 0
    assert output.startswith("applied 0001_events\n")


def test_reads_the_secret_from_its_file(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "database-url").write_text(f"{empty_database_url}\n")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    code, output, _ = run()
    assert code == 0
    assert output.startswith("applied 0001_events\n")


def test_a_secret_that_cannot_be_read_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "nowhere"))
    code, _, error = run()
    assert code == 2
    assert "nowhere" in re.sub(r"[\s│]", "", error)  # the box may break it


def test_says_why_it_failed(away_url: str) -> None:
    code, output, error = run("--database-url", away_url)
    assert (code, output) == (1, "")
    assert "cannot be reached" in error
    assert "refused" in error


def test_says_which_file_is_wrong(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("create table event_types (taken int)")
    code, _, error = run("--database-url", empty_database_url)
    assert code == 1
    assert error.startswith('0001_events.sql: relation "event_types" already exists')
