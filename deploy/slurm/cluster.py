"""`python cluster.py [--most N] COMMAND...`: run a command of fesdist on SLURM jobs, as many as there is work for.

The scheduler is in this process, jobs are workers, and COMMAND finds them by DASK_SCHEDULER_ADDRESS. What a job asks
SLURM for is in jobqueue.yaml, certificates in tls.yaml; README.md one folder up says what to type.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from dask_jobqueue import SLURMCluster
from distributed.security import Security

IDLE_SECONDS = 300
"""How long a worker may have nothing to do, as it has between the stages of a run: the next job might wait longer."""


def main() -> int:
    """Return the exit code of the command; its workers end with it."""
    parser = argparse.ArgumentParser(prog="cluster.py", description=__doc__)
    parser.add_argument("--most", type=int, default=64, metavar="N", help="jobs at the same time (default: 64)")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND", help="fesdist train ...")
    words = parser.parse_args()
    if not words.command:
        parser.error("there is no command; expected one, such as fesdist train stack.zarr weights --name faces")
    with SLURMCluster(security=Security()) as cluster:
        cluster.adapt(minimum=0, maximum=words.most, interval="2s", wait_count=IDLE_SECONDS // 2)
        environment = {**os.environ, "DASK_SCHEDULER_ADDRESS": cluster.scheduler_address}
        return subprocess.run(words.command, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
