"""What a run will call is compiled while its workers start: two processes rehearse its steps with few samples."""

from __future__ import annotations

from dataclasses import replace

from fesdist.planning.estimate import FEW, rehearse_choice, rehearse_others
from fesdist.planning.rehearsal import Costs, with_samples
from fesdist.simd.compiling import compile_ahead
from fesdist.training.choosing import planned
from fesdist.training.job import TrainingRequest, define_job
from fesdist.training.plan import make_plan
from storage.stack.reading import TrainingStack


def rehearse_ahead(request: TrainingRequest, memory: int, n_workers: int, threads: int) -> None:
    """Have the kernels of a run compiled by two processes, and return at once; see `fesdist.simd.compiling`.

    What is wrong with the request or its stack is told by the run itself.
    """
    compile_ahead((_rehearse_choice, (request,)), (_rehearse_others, (request, memory, n_workers, threads)))


def _rehearse_choice(request: TrainingRequest) -> None:
    """Compile what judges people left out, which takes as long as all other kernels together."""
    stack = TrainingStack.open(request.stack)
    rehearse_choice(request, with_samples(define_job(request, stack), FEW), stack, Costs())


def _rehearse_others(request: TrainingRequest, memory: int, n_workers: int, threads: int) -> None:
    stack = TrainingStack.open(request.stack)
    job = planned(define_job(request, stack), request, stack)
    plan = make_plan(job, stack, memory, n_workers, threads)
    rehearse_others(request, with_samples(replace(job, displacements={}), FEW), stack, plan, Costs(enough_seconds=0.0))
