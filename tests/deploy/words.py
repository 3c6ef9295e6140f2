"""Takes commands and settings that stand in files to those who would take them: a name that is none there fails."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml  # type: ignore[import-untyped]
from dask import config
from dask.utils import parse_bytes
from distributed.cli.dask_scheduler import main as dask_scheduler
from distributed.cli.dask_worker import main as dask_worker
from prefect import settings
from prefect.cli._app import _app as prefect

from fesdist.cluster.local import MEMORY_LIMIT_FACTOR
from fesdist.cluster.settings import DEFAULT_MEMORY
from fesdist.requests.parser import read_words
from fesdist.requests.verbs import VERBS
from tests.conftest import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
NANNY_BYTES = 200 << 20
"""What the process needs that watches a worker; a third of it is its own, the rest shared with the worker."""

_KNOWN = ("dask", "fesdist", "prefect")


def documents(name: str) -> list[Any]:
    """Return the documents of a YAML file in deploy/."""
    return [document for document in yaml.safe_load_all((DEPLOY / name).read_text()) if document]


def read(words: list[str]) -> Any:
    """Return what the program of a command makes of its words; raises what it raises of wrong ones."""
    match words:
        case ["dask", ("scheduler" | "worker") as what, *rest]:
            program = dask_scheduler if what == "scheduler" else dask_worker
            return program.make_context(what, rest).params
        case ["fesdist", verb, *rest]:
            return read_words(VERBS[verb], rest)
        case ["prefect", *rest]:
            return prefect.parse_args(
                [word for word in rest if word != "--no-prompt"], exit_on_error=False, print_error=False
            )
        case ["sh", "-ec", script]:
            subprocess.run(["bash", "-n"], input=script, text=True, check=True)
            return [read(command) for command in commands(script)]
    raise AssertionError(f"nobody here knows the command {words}")


def commands(script: str) -> Iterator[list[str]]:
    """Yield the commands of the programs that are known, one a line or on several that end in a backslash."""
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] in _KNOWN:
            yield [word for word in words if word != "||"]


def room_for_worker(command: list[str]) -> int:
    """Return the bytes that a `dask worker` may take with its nannies; its tasks have the memory that is usual."""
    options = read(command)
    n_workers = int(options.get("nworkers") or 1)
    limit = parse_bytes(options["memory_limit"])
    assert options["nanny"]
    assert options["nthreads"] == 1
    assert limit >= DEFAULT_MEMORY * MEMORY_LIMIT_FACTOR
    return int(n_workers * (limit + NANNY_BYTES))


def check_settings(environment: Mapping[str, Any] | Iterable[str]) -> None:
    """Fail for a variable that neither Prefect nor Dask takes; those of others pass."""
    names = list(environment)
    unknown = [name for name in names if name.startswith("PREFECT_") and not hasattr(settings, name)]
    assert not unknown, f"Prefect has no such settings: {unknown}"
    own = {name: "1" for name in names if name.startswith("DASK_")}
    check_dask(config.collect_env(own))


def check_dask(given: Mapping[str, Any]) -> None:
    """Fail for a key that Dask's configuration does not have."""
    known = set(_leaves(config.merge(*config.defaults))) | {("config",), ("scheduler-address",)}
    unknown = [leaf for leaf in _leaves(given) if leaf not in known and "pre-spawn-environ" not in leaf]
    assert not unknown, f"Dask has no such settings: {unknown}"


def _leaves(tree: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in tree.items():
        path = (*above, name.replace("_", "-"))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path)
        else:
            yield path


def fenced(page: str) -> str:
    """Return the commands of a page, a fenced block after the other."""
    return "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
