#!/usr/bin/env bash
# sbatch train.sh STACK STORE [OPTION]...: a training, from a job of its own; its workers are further jobs.
#SBATCH --job-name=fesdist-train
#SBATCH --cpus-per-task=1
#SBATCH --mem=3G
#SBATCH --time=12:00:00
set -euo pipefail
: "${FESDIST:?say where the checkout of fesdist is, export FESDIST=/path/to/fesdist}"
: "${DASK_CONFIG:?say which folder has dask.yaml, jobqueue.yaml and tls.yaml, export DASK_CONFIG=/path/to/folder}"
exec "$FESDIST/.venv/bin/python" "$FESDIST/deploy/slurm/cluster.py" --most 64 \
    "$FESDIST/.venv/bin/fesdist" train "$@"
