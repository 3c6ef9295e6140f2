"""The walk on the page about object stores, as it stands, against a bucket of this process."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from fesdist.cli.main import main
from storage.blobs.schemes import SERVICES
from tests.conftest import REPOSITORY
from tests.objects.server import object_server, variables

PAGE = (REPOSITORY / "docs" / "object-stores.md").read_text(encoding="utf-8")


def test_every_command_of_the_walk_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("obstore", reason="obstore is not installed")
    (walk,) = re.findall(r"^```sh walk\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    with object_server() as served:
        for name, value in variables(served.address).items():
            monkeypatch.setenv(name, value)
        for line in walk.splitlines():
            program, *words = shlex.split(line)
            assert program == "fesdist"
            # Without a cluster: its workers would take longer to start than all the work.
            asks = {"train", "evaluate", "synthesize"}.intersection(words[:1])
            assert main([*words, *(["--workers", "0"] if asks else [])]) == 0, line
        assert {key.split("/")[1] for key in served.objects} == {"stack.zarr", "stack.zarr.lock", "weights"}
    assert len(list(tmp_path.glob("out/*/*.*"))) == 48


def test_variables_and_permissions_are_those_that_messages_name() -> None:
    for service in SERVICES.values():
        for name in re.findall(r"s3:\w+", " ".join(service.actions.values())) + list(service.variables):
            assert f"`{name}`" in PAGE or f"export {name}=" in PAGE


def test_the_environment_of_the_page_is_one_that_works() -> None:
    exported = dict(re.findall(r"^export (\w+)=(\S+)", PAGE, re.MULTILINE))
    assert exported.keys() == variables("http://127.0.0.1:9000").keys()
    assert exported["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1")
