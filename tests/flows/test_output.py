"""The process of a run whose worker was killed carries on."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import select, sys
import flows
print("reads", flush=True)
gone = select.poll()
gone.register(1, 0)
sys.stdin.readline()
while gone.poll(0):  # the pipe without a reader is not replaced yet
    pass
print("nobody reads", flush=True)
sys.exit(7)
"""


def run(**environment: str) -> int:
    """Close the output of a process before its last line, and return its exit code."""
    with subprocess.Popen(
        (sys.executable, "-c", PROGRAM), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"reads\n"
        process.stdout.close()
        process.stdin.write(b"\n")
        process.stdin.close()
        try:
            return process.wait(timeout=60)
        finally:
            process.kill()


def test_a_run_of_a_worker_writes_on_where_nobody_reads() -> None:
    assert run(PREFECT__FLOW_RUN_ID="0") == 7
