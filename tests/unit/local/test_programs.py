from pathlib import Path

from infra.local.programs import open_log, tail


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("".join(f"line {n}\n" for n in range(10_000)))
    assert tail(log, 2) == "line 9998\nline 9999"
    assert tail(tmp_path / "none.log") == ""


def test_a_large_log_is_set_aside(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "x.log"
    with open_log(log) as output:
        output.truncate(17 * 1024 * 1024)
    with open_log(log) as output:
        output.write(b"new")
    assert log.read_bytes() == b"new"
    assert (tmp_path / "logs" / "x.log.1").stat().st_size == 17 * 1024 * 1024
