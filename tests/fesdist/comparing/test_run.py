"""A comparison as a whole, in this process: what it measures, keeps, repeats and refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fesdist.cluster.settings import ClusterSettings
from fesdist.comparing import run as module
from fesdist.comparing import speed
from fesdist.comparing.entrants import choose_entrants, default_entrants
from fesdist.comparing.run import ComparisonRequest, compare
from fesdist.comparing.units import Change
from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.scores import ALWAYS
from fesdist.ground.errors import BadParameterError, ClusterError, PlanError
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from storage.errors import FormatError
from tests.fesdist.evaluation.small_store import make_stack
from tests.fesdist.training.stacks import write_stack

HERE = ClusterSettings(workers=0)
HAPPY, UNHAPPY = Change("neutral", "happy"), Change("happy", "neutral")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr"))


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "weights")


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time five passes over the faces, however short they are."""
    monkeypatch.setattr(speed, "_SECONDS", 0.0)


def request_for(stack: str, store: str, *names: str, expressions: Sequence[str] = ("happy",)) -> ComparisonRequest:
    entrants = choose_entrants(default_entrants(), names)
    return ComparisonRequest(stack, store, entrants, expressions=tuple(expressions))


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of what the bench trains, in the order in which it starts."""
    names: list[str] = []

    def noting(request: TrainingRequest, *arguments: object, **options: object) -> object:
        names.append(request.name)
        return train(request, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "train", noting)
    return names


def failing(monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException) -> None:
    """Let the training of `name` raise an error."""

    def refusing(request: TrainingRequest, *arguments: object, **options: object) -> object:
        if request.name == name:
            raise error
        return train(request, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "train", refusing)


def test_every_entrant_is_measured_there_and_back(stack: str, store: str) -> None:
    result = compare(request_for(stack, store, "mr-3", "pca", expressions=("happy", "sad")), HERE)
    assert not result.failed
    assert {str(change) for change in result.changes} == {
        "neutral → happy",
        "happy → neutral",
        "neutral → sad",
        "sad → neutral",
    }
    assert set(result.measured) == {(name, change) for name in ("mr-3", "pca") for change in result.changes}
    versions = WeightStore(store)
    for (name, change), measurement in result.measured.items():
        reference = f"compare-{name}-{change.before}-{change.after}"
        assert versions.open(reference).input_expression == change.before
        (record,) = versions.evaluations(reference, measurement.version)
        (scores,) = Evaluation.from_record(record).expressions
        assert scores.expression == change.after
        for method in scores.methods:
            assert measurement.mse_x100[method]["mouth"] == scores.mean(method, "mouth", "mse_x100")
        assert min(measurement.training_seconds, measurement.synthesis_seconds) > 0


def test_what_is_stored_is_not_repeated(stack: str, store: str, trained: list[str]) -> None:
    first = compare(request_for(stack, store, "mr-3"), HERE)
    calls: list[tuple[int, int, str]] = []
    both = compare(request_for(stack, store, "mr-3", "mr-5"), HERE, on_progress=lambda *call: calls.append(call))
    assert trained == [f"compare-mr-{size}-{ends}" for size in (3, 5) for ends in ("neutral-happy", "happy-neutral")]
    assert calls == [(2, 4, "mr-5, neutral → happy"), (3, 4, "mr-5, happy → neutral")]
    assert {key: both.measured[key] for key in first.measured} == first.measured


@pytest.mark.slow
def test_a_cluster_measures_the_same_errors(stack: str, store: str, tmp_path: Path) -> None:
    request = replace(request_for(stack, store, "mr-3", "pca"), direction="forward")
    here = compare(request, HERE)
    there = compare(replace(request, store=str(tmp_path / "there")), ClusterSettings(workers=2))
    assert not there.failed
    assert {key: found.mse_x100 for key, found in there.measured.items()} == {
        key: found.mse_x100 for key, found in here.measured.items()
    }


def test_other_people_are_another_comparison(stack: str, store: str, tmp_path: Path, trained: list[str]) -> None:
    compare(request_for(stack, store, "mr-3"), HERE)
    compare(request_for(str(write_stack(tmp_path / "other.zarr", seed=1)), store, "mr-3"), HERE)
    compare(request_for(stack, store, "mr-3"), HERE)
    assert len(trained) == 4


def test_an_interrupted_comparison_goes_on(
    stack: str, store: str, monkeypatch: pytest.MonkeyPatch, trained: list[str]
) -> None:
    request = request_for(stack, store, "mr-3", "mr-5")
    with monkeypatch.context() as patch:
        failing(patch, "compare-mr-5-neutral-happy", KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            compare(request, HERE)
    assert len(compare(request, HERE).measured) == 4
    assert trained == ["compare-mr-5-neutral-happy", "compare-mr-5-happy-neutral"]


def test_a_unit_that_was_interrupted_starts_anew(stack: str, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resumed = []

    def dying(*arguments: object, **options: object) -> int:
        raise KeyboardInterrupt

    def noting(*arguments: object, **options: object) -> object:
        result = train(*arguments, **options)  # type: ignore[arg-type]
        resumed.append(result.n_resumed)
        return result

    with monkeypatch.context() as patch:
        patch.setattr(module, "warm_up", lambda *_: None)
        patch.setattr("storage.datasets.draft.WeightDraft.publish", dying)
        with pytest.raises(KeyboardInterrupt):
            compare(request_for(stack, store, "mr-3"), HERE)
    (draft,) = WeightStore(store).drafts()
    assert draft.n_receipts == 1
    monkeypatch.setattr(module, "train", noting)
    compare(request_for(stack, store, "mr-3"), HERE)
    assert resumed == [0, 0]


def test_an_entrant_that_fails_does_not_stop_the_others(
    stack: str, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_for(stack, store, "mr-3", "pca")
    with monkeypatch.context() as patch:
        failing(patch, "compare-mr-3-happy-neutral", PlanError("too large"))
        result = compare(request, HERE)
    assert result.failed == {("mr-3", UNHAPPY): "too large"}
    assert set(result.measured) == {("mr-3", HAPPY), ("pca", HAPPY), ("pca", UNHAPPY)}
    assert not compare(request, HERE).failed


def test_a_cluster_that_is_gone_ends_the_comparison(
    stack: str, store: str, monkeypatch: pytest.MonkeyPatch, trained: list[str]
) -> None:
    failing(monkeypatch, "compare-mr-3-neutral-happy", ClusterError("the scheduler is gone"))
    with pytest.raises(ClusterError, match="the scheduler is gone"):
        compare(request_for(stack, store, "mr-3", "pca"), HERE)


def test_without_held_out_people_nothing_is_trained(store: str, tmp_path: Path) -> None:
    nobody = make_stack(tmp_path / "nobody.zarr", held_out=())
    with pytest.raises(
        BadParameterError, match=r"nobody in .*nobody.zarr is held out with both 'neutral' and 'smiling', .*--holdout"
    ):
        compare(request_for(nobody, store, "mr-3", expressions=("smiling",)), HERE)
    assert not Path(store).exists()


def test_a_damaged_record_says_what_to_do(stack: str, store: str) -> None:
    request = request_for(stack, store, "mr-3")
    compare(request, HERE)
    (record, _) = sorted(Path(store).glob("*/comparisons/*.json"))
    lacking = json.loads(record.read_text())
    del lacking["mse_x100"][ALWAYS[-1]]["mouth"]
    faults = {"{}": "Object missing required field", json.dumps(lacking): "errors are missing", "{": "is no JSON"}
    where = f"{record.relative_to(store)} in {store}"
    for damaged, fault in faults.items():
        record.write_text(damaged)
        with pytest.raises(FormatError, match=f"^{where}.*{fault}.* remove it to measure again$"):
            compare(request, HERE)
