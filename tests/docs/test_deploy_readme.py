"""Every command of deploy/README.md names deployments, parameters and options that there are."""

from __future__ import annotations

import importlib
import json
from itertools import pairwise
from typing import Any

import yaml  # type: ignore[import-untyped]
from prefect import Flow

from fesdist.requests.parser import read_words
from fesdist.requests.verbs import VERBS
from tests.conftest import REPOSITORY
from tests.docs.test_readme import lines

PAGE = (REPOSITORY / "deploy" / "README.md").read_text(encoding="utf-8")
DEPLOYMENTS = yaml.safe_load((REPOSITORY / "deploy" / "prefect.yaml").read_text())["deployments"]


def _deployed() -> dict[str, tuple[Flow[Any, Any], dict[str, Any]]]:
    found = {}
    for deployment in DEPLOYMENTS:
        module, _, name = deployment["entrypoint"].rpartition(".")
        flow = getattr(importlib.import_module(module), name)
        found[f"{flow.name}/{deployment['name']}"] = flow, deployment["parameters"]
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def test_runs_of_deployments_have_parameters_that_their_flows_take() -> None:
    deployed, seen = _deployed(), set[str]()
    for words in lines(PAGE):
        if words[:3] == ["prefect", "deployment", "run"]:
            flow, parameters = deployed[words[3]]
            said = dict(word.split("=", 1) for before, word in pairwise(words) if before == "--param")
            flow.validate_parameters({**parameters, **{name: _value(text) for name, text in said.items()}})
            seen.add(words[3])
    assert len(seen) >= 5


def test_commands_of_fesdist_can_be_read_and_files_are_there() -> None:
    read = [read_words(VERBS[words[1]], words[2:]) for words in lines(PAGE) if words[0] == "fesdist"]
    assert [type(request).__name__ for request in read] == ["Faces", "Promote", "Rollback"]
    named = {word for words in lines(PAGE) for word in words if "fesdist/deploy/" in word}
    assert named
    assert all((REPOSITORY / "deploy" / word.rpartition("/")[2]).is_file() for word in named)
