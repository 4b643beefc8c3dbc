import socket
import stat
from pathlib import Path

import pytest

from infra.local.ports import HOST, PortBook, PortInUseError, free_port, write_atomically


def test_the_port_of_last_time_is_preferred(tmp_path: Path) -> None:
    first = PortBook(tmp_path / "ports.json").choose("nats")
    assert PortBook(tmp_path / "ports.json").choose("nats") == first


def test_a_port_of_last_time_that_is_taken_gives_way(tmp_path: Path) -> None:
    first = PortBook(tmp_path / "ports.json").choose("nats")
    with socket.create_server((HOST, first)):
        assert PortBook(tmp_path / "ports.json").choose("nats") != first


def test_a_port_that_was_asked_for_does_not_give_way(tmp_path: Path) -> None:
    taken = free_port()
    with socket.create_server((HOST, taken)), pytest.raises(PortInUseError, match=str(taken)):
        PortBook(tmp_path / "ports.json").choose("gateway", taken)


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["file"]
