"""Each flow calls the plain function of its name; all of them in this process, against the server of the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from prefect import Flow
from prefect.exceptions import ParameterTypeError, SignatureMismatchError

from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.scores import METHODS, MODEL, UNCHANGED, ExpressionScores
from fesdist.faces.generate import write_faces
from fesdist.ground.errors import BadParameterError
from fesdist.ground.measures import MEASURES, REGIONS
from fesdist.requests.build import options_of
from fesdist.requests.learning import Train, Tune
from fesdist.requests.measuring import Evaluate
from fesdist.requests.stacks import Ingest
from fesdist.requests.using import Synthesize, Watch
from flows.evaluate import evaluate
from flows.ingest import ingest
from flows.promote import promote_if_better, shortfall_of
from flows.synthesize import synthesize
from flows.train import train
from flows.tune import tune
from flows.watch import watch
from flows.whole_job import whole_job
from storage.datasets.store import WeightStore
from tests.fesdist.evaluation.small_store import make_stack, publish
from tests.flows.site import Site


@pytest.mark.slow
def test_flows_one_after_the_other(server: Site, tmp_path: Path) -> None:
    pairs, stack, store = tmp_path / "pairs", str(tmp_path / "stack.zarr"), str(tmp_path / "weights")
    write_faces(pairs, 10, 32, ("neutral", "happy"))
    (pairs / "happy" / "torn.png").write_bytes(b"no image")
    (pairs / "neutral" / "torn.png").write_bytes(b"no image")

    summary = ingest(str(pairs), stack, holdout=["000", "001"])
    assert (summary.n_people, len(summary.skipped)) == (10, 2)

    assert train(stack, store, "faces", window=3, workers=0, alias="candidate").version == 1
    assert train(stack, store, "faces", window=3, workers=0, if_changed=True).published is False
    assert WeightStore(store).aliases("faces") == {"candidate": 1}

    evaluation = evaluate(stack, store, "faces@candidate", report=str(tmp_path / "report.html"), workers=0)
    assert evaluation.expressions[0].people == ("000", "001")
    assert (tmp_path / "report.html").stat().st_size > 10_000

    strangers = tmp_path / "strangers"
    write_faces(strangers, 2, 48, ("neutral",), seed=1)
    (strangers / "torn.png").write_bytes(b"no image")
    done = synthesize(str(strangers), str(tmp_path / "out"), store, "faces@candidate", size="input", format="jpeg")
    assert (done.done, len(done.failed)) == (2, 1)
    with Image.open(tmp_path / "out" / "happy" / "neutral" / "000.jpg") as output:
        assert output.size == (48, 48)


@pytest.mark.slow
def test_the_whole_job_repeated_does_only_what_has_changed(server: Site, tmp_path: Path) -> None:
    pairs, strangers = tmp_path / "pairs", tmp_path / "strangers"
    write_faces(pairs, 10, 32, ("neutral", "happy"))
    write_faces(strangers, 2, 32, ("neutral",), seed=1)
    for _ in range(2):
        job = {"training": {"window": 3}, "workers": 0}
        assert whole_job(str(pairs), str(strangers / "neutral"), str(tmp_path), **job).path.is_file()
    assert [manifest.version for manifest in WeightStore(str(tmp_path / "weights")).versions("faces")] == [1]
    assert len(list((tmp_path / "synthesized").rglob("*.png"))) == 2


@pytest.mark.parametrize(("model", "expected"), [(0.5, True), (1.0, False), (2.0, False)])
def test_version_is_promoted_only_if_it_beats_both_baselines(model: float, expected: bool) -> None:
    shortfall = shortfall_of(evaluation_of("faces", 1, model))
    assert (shortfall == "") is expected
    assert expected or shortfall == (f"MSE x 100 of happy is {model:.3f}, that of 'input + mean difference' is 1.000")


def evaluation_of(name: str, version: int, error: float) -> Evaluation:
    """Return an evaluation in which the model has this error, its input 4 and the mean difference 1."""
    values = {method: np.ones((len(REGIONS), len(MEASURES), 3)) for method in METHODS}
    values[UNCHANGED] *= 4.0
    values[MODEL] *= error
    scores = ExpressionScores.of("happy", ("a", "b", "c"), (), values)
    return Evaluation(name, version, "holdout", "stack.zarr", "", "", (scores,))


def test_a_version_that_is_not_promoted_leaves_the_work_to_the_one_in_production(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, stack = str(tmp_path / "weights"), make_stack(tmp_path / "stack.zarr")
    publish(store, stack)
    assert promote_if_better(store, evaluation_of("small", 1, 2.0), "production") == 1
    assert "production names no version, so it is used all the same" in capsys.readouterr().out
    WeightStore(store).aliases("small").promote(1, "production")
    publish(store, stack)
    assert promote_if_better(store, evaluation_of("small", 2, 2.0), "production") == 1
    assert capsys.readouterr().out.endswith(
        "small version 2 was not promoted (MSE x 100 of happy is 2.000, that of 'input + mean difference' is 1.000); "
        "production stays version 1\n"
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"training": {"name": "other"}}, "itself sets name of 'train'"),
        ({"training": {"alias": "production"}}, "train has no option 'alias'; its options: stack, store, name"),
        ({"training": {"workers": 2.5}}, "itself sets workers of 'train'"),
        ({"synthesizing": {"sharpen": True}}, "synthesize has no option 'sharpen'; its options: photographs,"),
        ({"ingesting": {"size": "large"}}, "'large' is no size; expected pixels such as 128"),
        ({"ingesting": {"size": [1, 2, 3]}}, "size = .* expected a list of 2 whole numbers"),
    ],
)
def test_wrong_options_of_the_whole_job_are_refused_before_it_begins(
    tmp_path: Path, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadParameterError, match=complaint):
        whole_job.fn("pairs", "photographs", str(tmp_path), **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("called", "request_type"),
    [(ingest, Ingest), (train, Train), (tune, Tune), (evaluate, Evaluate), (synthesize, Synthesize), (watch, Watch)],
)
def test_a_flow_shows_every_option_of_its_command(called: Flow[..., Any], request_type: type[Any]) -> None:
    shown = called.parameters.properties
    for name, option in options_of(request_type).items():
        if not option.command_only:
            assert shown[name]["description"] == option.told
            assert (name in called.parameters.required) is option.required


def test_prefect_checks_what_a_flow_is_given() -> None:
    given = {"stack": "s", "store": "w", "name": "n", "window": "3", "memory": "400MiB", "expressions": ["happy"]}
    assert {**given, "window": 3, "expressions": ("happy",)}.items() <= train.validate_parameters(given).items()
    with pytest.raises(ParameterTypeError, match="colour: Input should be 'per-channel', 'shared' or 'gray'"):
        train.validate_parameters({**given, "colour": "blue"})
    with pytest.raises(SignatureMismatchError, match="widow"):
        train.validate_parameters({**given, "widow": 3})
