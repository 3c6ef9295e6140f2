"""Retries, progress and settings that all stages share."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import Mock

import pytest
from prefect import flow, task

from fesdist.ground.errors import BadParameterError, ClusterError, PlanError, TileError
from fesdist.training.run import train as train_model
from flows.settings import be_quiet
from flows.stage import STAGE, may_pass
from flows.train import train
from storage.errors import NoSpaceError, NotFoundError
from tests.flows.site import Site


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ClusterError("no scheduler answers"), True),
        (ConnectionResetError(), True),
        (PlanError("does not fit"), False),
        (BadParameterError("unknown model"), False),
        (NotFoundError("no stack"), False),
        (NoSpaceError("the disk is full"), False),
    ],
)
def test_only_errors_that_may_pass_are_retried(error: Exception, expected: bool) -> None:
    assert may_pass(error) is expected
    failed_tiles = TileError("3 of 4 tiles failed")
    failed_tiles.__cause__ = error
    assert may_pass(failed_tiles) is expected


@pytest.mark.parametrize(("url", "level"), [(None, "CRITICAL"), ("http://127.0.0.1:4200/api", None)])
def test_prefect_is_silent_without_a_server_only(
    monkeypatch: pytest.MonkeyPatch, url: str | None, level: str | None
) -> None:
    environment = {"PREFECT_SERVER_LOGGING_LEVEL": "DEBUG"} | ({} if url is None else {"PREFECT_API_URL": url})
    monkeypatch.setattr(os, "environ", environment)
    be_quiet()
    assert environment.get("PREFECT_LOGGING_LEVEL") == level
    assert environment["DO_NOT_TRACK"] == "1"
    assert environment["PREFECT_SERVER_LOGGING_LEVEL"] == "DEBUG", "what the user has set stays"


@pytest.mark.slow
def test_stage_succeeds_after_a_failure_that_passed(server: Site) -> None:
    attempts = []

    @task(**STAGE)
    def connect() -> int:
        attempts.append(1)
        if len(attempts) < 3:
            raise ClusterError("no scheduler answers")
        return len(attempts)

    @flow
    def connecting() -> int:
        return connect.with_options(retry_delay_seconds=0)()

    assert connecting() == 3


@pytest.mark.slow
def test_wrong_setting_fails_at_once_with_our_own_words(
    server: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Mock(wraps=train_model)
    monkeypatch.setattr("fesdist.cli.train.train", training)
    missing, weights = str(tmp_path / "missing.zarr"), str(tmp_path / "weights")
    with pytest.raises(NotFoundError, match=r"missing\.zarr"):
        train(missing, weights, "faces", workers=0)
    assert training.call_count == 1
    with pytest.raises(BadParameterError, match="4"):
        train(missing, weights, "faces", window=4, workers=0)
    with pytest.raises(BadParameterError, match="workers is -1; expected 0"):
        train(missing, weights, "faces", workers=-1)
    assert training.call_count == 1
