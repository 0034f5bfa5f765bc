"""Runs a module or a file as `python` does, but for no longer than the process lives that started it.

    python -m tradepost.demo.tied tradepost serve --data-dir var/demo

Its stdin is a line which the starter holds open and never writes to, so the line ends with the starter, however
that one died. The kernel's own signal for this (PR_SET_PDEATHSIG) is Linux's alone, means the thread that forked
instead of the process, and has to be asked for between fork and exec; a line asks for nothing, and leaves the
program its ordinary way to stop.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 5.0  # for the program to stop in its own way; less than the next start waits for it


def main() -> None:
    """Run the module or the file named on the command line, with the arguments after its name."""
    threading.Thread(target=_end_with_starter, name="line to the starter", daemon=True).start()
    program = sys.argv.pop(1)
    if program.endswith(".py"):
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


def _end_with_starter() -> None:
    # Not by way of sys.stdin: its buffer has a lock that this thread would hold for ever.
    while os.read(0, 512):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
