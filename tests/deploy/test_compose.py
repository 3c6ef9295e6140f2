"""The services of one machine: the schema of compose files, and what no schema knows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from dask.utils import parse_bytes

from tests.deploy.words import DEPLOY, check_settings, documents, fenced, read, room_for_worker

COMPOSE = DEPLOY / "compose.yaml"
(CONTENT,) = documents("compose.yaml")
SERVICES: dict[str, dict[str, Any]] = CONTENT["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "fesdist"}


def command_of(service: dict[str, Any]) -> list[str]:
    """Return the words that a service runs."""
    command = service["command"]
    return shlex.split(command) if isinstance(command, str) else [word.replace("$$", "$") for word in command]


def test_it_is_a_compose_file() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", [name for name in OURS if name != "client"])
def test_commands_and_settings_are_known(name: str) -> None:
    read(command_of(OURS[name]))
    check_settings(OURS[name]["environment"])


@pytest.mark.parametrize("name", OURS)
def test_ours_may_do_little(name: str) -> None:
    service = OURS[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["user"].startswith("${FESDIST_USER:?")


def test_a_worker_has_the_memory_that_its_limit_promises() -> None:
    worker = SERVICES["worker"]
    (temporary,) = re.findall(r"size=(\w+)", worker["tmpfs"][0])
    needed = room_for_worker(command_of(worker)) + parse_bytes(f"{temporary}iB")
    assert parse_bytes(f"{worker['mem_limit']}iB") >= needed
    assert worker["command"].split()[2] == worker["environment"]["DASK_SCHEDULER_ADDRESS"]


def test_ports_are_on_the_loopback_and_daskss_are_not_among_them() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert not {"scheduler", "worker"} & {name for name, service in SERVICES.items() if "ports" in service}


def test_who_is_waited_for_can_be() -> None:
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[name]
            else:
                assert SERVICES[name]["restart"] == "no", f"{name} never completes"


def test_every_queue_has_a_worker() -> None:
    (prefect,) = documents("prefect.yaml")
    queues = {deployment["work_pool"].get("work_queue_name", "default") for deployment in prefect["deployments"]}
    served = [read(command_of(SERVICES[name]))[1].arguments for name in ("training", "evaluating")]
    assert {queue for one in served for queue in one["work_queues"]} == queues
    assert {one["work_pool_name"] for one in served} == {
        deployment["work_pool"]["name"] for deployment in prefect["deployments"]
    }


def test_the_page_says_every_variable_that_is_asked_for() -> None:
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    page = fenced((DEPLOY / "README.md").read_text())
    assert set(re.findall(r"^(FESDIST_\w+)=", page, re.MULTILINE)) == asked
    assert yaml.safe_load(COMPOSE.read_text())["name"] == "fesdist"
