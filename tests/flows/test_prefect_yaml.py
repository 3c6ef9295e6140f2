"""deploy/prefect.yaml and the flows fit together."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from prefect import Flow

from tests.conftest import REPOSITORY

DEPLOYMENTS = yaml.safe_load((REPOSITORY / "deploy" / "prefect.yaml").read_text())["deployments"]
by_name = pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=[deployment["name"] for deployment in DEPLOYMENTS])


@by_name
def test_parameters_are_those_of_the_flow(deployment: dict[str, Any]) -> None:
    module, _, name = deployment["entrypoint"].rpartition(".")
    found = getattr(importlib.import_module(module), name)
    assert isinstance(found, Flow)
    inspect.signature(found.fn).bind(**deployment["parameters"])
    assert f"{found.name}/{deployment['name']}" in (REPOSITORY / "deploy" / "README.md").read_text()


@by_name
def test_runs_on_the_process_pool_in_a_queue_that_has_a_worker(deployment: dict[str, Any]) -> None:
    pool = deployment["work_pool"]
    worker = f"prefect worker start --pool fesdist --work-queue {pool.get('work_queue_name', 'default')} --limit 1"
    assert pool["name"] == "fesdist"
    assert worker in (REPOSITORY / "deploy" / "README.md").read_text()


@by_name
def test_no_lease_can_end_a_run_and_heartbeats_tell_that_it_lives(deployment: dict[str, Any]) -> None:
    assert "concurrency_limit" not in deployment
    frequency = int(deployment["work_pool"]["job_variables"]["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])
    (automation,) = yaml.safe_load((REPOSITORY / "deploy" / "automations.yaml").read_text())["automations"]
    assert automation["trigger"]["within"] == 3 * frequency
