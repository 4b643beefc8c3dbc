"""Becomes another program that dies with its parent: `launcher.py SIGNAL PARENT USER COMMAND…`.

Runs below `python -I -S`, so it imports the standard library only and costs about 12 ms. On Linux
the kernel sends SIGNAL when the parent's thread that started this process ends (prctl(2),
PR_SET_PDEATHSIG). USER is `uid:gid` to become, or `-`.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Drop privileges, tie the life to the parent's, and execute the command."""
    death_signal, parent, user, *command = arguments
    if user != "-":
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit("the parent is gone")
    try:
        os.execvp(command[0], command)  # noqa: S606 - becoming the command is the purpose
    except OSError as error:
        sys.exit(f"{command[0]}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
