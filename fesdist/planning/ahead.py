"""What a run will call is compiled while its workers start: two processes rehearse its steps with few samples."""

from __future__ import annotations

from dataclasses import replace

from fesdist.cluster.connect import Size, size_of
from fesdist.cluster.settings import ClusterSettings
from fesdist.planning.estimate import FEW, rehearse_choice, rehearse_others
from fesdist.planning.rehearsal import Costs, with_samples
from fesdist.simd.compiler import Call
from fesdist.simd.compiling import compile_ahead
from fesdist.training.choosing import planned
from fesdist.training.job import TrainingRequest, define_job
from fesdist.training.plan import make_plan
from storage.stack.reading import TrainingStack


def rehearse_ahead(request: TrainingRequest, memory: int, cluster: ClusterSettings) -> bool:
    """Have the kernels of a model's first run compiled by other processes; return at once, False if there is no need.

    What is wrong with the request or its stack is told by the run itself. Workers of a scheduler compile on their own.
    """
    if cluster.scheduler is not None:
        return False
    calls: dict[str, Call] = {request.model.name: (_rehearse_others, (request, memory, size_of(cluster)))}
    if request.chosen:
        # What judges people left out takes as long to compile as all the rest.
        calls[f"{request.model.name}-choice"] = (_rehearse_choice, (request,))
    return compile_ahead(calls)


def _rehearse_choice(request: TrainingRequest) -> None:
    stack = TrainingStack.open(request.stack)
    rehearse_choice(request, with_samples(define_job(request, stack), stack, FEW), stack, 0, Costs(enough_seconds=0.0))


def _rehearse_others(request: TrainingRequest, memory: int, size: Size) -> None:
    stack = TrainingStack.open(request.stack)
    job = planned(define_job(request, stack), request, stack)
    plan = make_plan(job, stack, memory, *size)
    few = with_samples(replace(job, displacements={}), stack, FEW)
    rehearse_others(request, few, stack, plan, Costs(enough_seconds=0.0))
