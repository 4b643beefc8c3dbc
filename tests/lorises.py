"""Many callers who send next to nothing, without end, in a process of their own.

`python tests/lorises.py URL COUNT FIRST THEN`, the texts in hexadecimal: each caller sends FIRST
and then THEN once a second. Prints a line once all have begun, and ends with its standard input.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socket import create_connection, socket
from urllib.parse import urlsplit


@contextmanager
def lorises(url: str, count: int, first: bytes, then: bytes) -> Iterator[None]:
    """Have that many callers begin a request, and go on with it a little each second."""
    line = (sys.executable, "-P", __file__, url, str(count), first.hex(), then.hex())
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        try:
            yield
        finally:
            assert process.poll() is None
            process.stdin.close()
    assert process.returncode == 0


def main(url: str, count: int, first: bytes, then: bytes) -> None:
    """Begin, and go on until standard input ends."""
    parts = urlsplit(url)

    def begun() -> socket:
        caller = create_connection((parts.hostname or "", parts.port or 0))
        caller.sendall(first)
        return caller

    callers = [begun() for _ in range(count)]
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    ended = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=listen).start()
    while not ended.wait(1 / count):
        caller = callers.pop(0)
        try:
            caller.sendall(then)
        except OSError:  # it was let go: another comes
            caller.close()
            caller = begun()
        callers.append(caller)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *map(bytes.fromhex, sys.argv[3:]))
