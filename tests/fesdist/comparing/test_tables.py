"""Tables of results that are made up, so that every cell is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from fesdist.comparing.entrants import Entrant, choose_entrants, default_entrants
from fesdist.comparing.markdown import markdown
from fesdist.comparing.measurement import Measurement
from fesdist.comparing.result import ComparisonResult
from fesdist.comparing.tables import Table, closing_lines, tables_of
from fesdist.comparing.units import Change
from fesdist.evaluation.looks import REAL, Seen
from fesdist.evaluation.scores import MEAN_DIFFERENCE, MODEL, REFINED, UNCHANGED


def measurement(face: float, *, parameters: int = 10) -> Measurement:
    """Return a measurement whose mouth has twice the error of the face, and the refined model 0.1 less."""
    errors = {UNCHANGED: 3.0, MEAN_DIFFERENCE: 2.5, MODEL: face, REFINED: face - 0.1}
    scores = {method: {"face": error, "mouth": 2 * error} for method, error in errors.items()}
    return Measurement(1, 4, scores, parameters, 8 * parameters, 1.25, 0.0005, 0)


def seen(recognised: float, sharpness: float) -> dict[str, Seen]:
    """Return what people see in the outputs of a model; the refined one is as the photograph."""
    real, unchanged, model = Seen(0.9, 1.0, 1.0, 1.0), Seen(0.1, 1.0, 0.9, 0.8), Seen(recognised, None, sharpness, 0.5)
    return {REAL: real, UNCHANGED: unchanged, MEAN_DIFFERENCE: unchanged, MODEL: model, REFINED: unchanged}


def entrants(*names: str) -> tuple[Entrant, ...]:
    return choose_entrants(default_entrants(), names)


def result(expressions: Sequence[str], **faces: float) -> ComparisonResult:
    """Return both directions; the errors of an entrant grow by 1 with each change of expression."""
    directions = {
        "forward": tuple(Change("neutral", expression) for expression in expressions),
        "backward": tuple(Change(expression, "neutral") for expression in expressions),
    }
    changes = [change for found in directions.values() for change in found]
    named = {name.replace("_", "-"): face for name, face in faces.items()}
    measured = {
        (name, change): measurement(face + number, parameters=number + 1)
        for name, face in named.items()
        for number, change in enumerate(changes)
    }
    return ComparisonResult(entrants(*named), directions, measured, {})


def cells(table: Table, row: str) -> list[str]:
    return [f"{cell.text}{'*' if cell.best else ''}" for cell in dict(table.rows)[row]]


def test_one_expression_has_both_directions_in_a_table() -> None:
    face, mouth, sizes, times = tables_of(result(["happy"], mr_5=1.0, omp=2.0))
    assert face.title == "Tables 1 and 2. MSE x 100, face"
    assert face.columns == ("neutral → happy", "happy → neutral", "mean")
    assert [name for name, _ in face.rows] == [
        "output = input",
        "input + mean difference",
        "mr-5",
        "mr-5 refined",
        "omp",
        "omp refined",
    ]
    assert cells(face, "output = input") == ["3.000", "3.000", "3.000"]
    assert cells(face, "mr-5") == ["1.000", "2.000", "1.500"]
    assert cells(face, "mr-5 refined") == ["0.900*", "1.900*", "1.400*"]
    assert cells(mouth, "omp") == ["4.000", "6.000", "5.000"]
    assert cells(sizes, "mr-5") == ["2*", "12*"]
    assert cells(times, "omp") == ["1.25*", "500*"]


def test_several_expressions_have_a_table_for_each_direction_and_one_of_means() -> None:
    titles = {table.title: table for table in tables_of(result(["happy", "sad"], mr_5=1.0))}
    assert list(titles) == [
        "Tables 1 and 2. MSE x 100, face, from neutral to",
        "Tables 1 and 2. MSE x 100, face, to neutral from",
        "Tables 1 and 2. MSE x 100, mouth, from neutral to",
        "Tables 1 and 2. MSE x 100, mouth, to neutral from",
        "Tables 1 and 2. MSE x 100, mean of all 4 changes of expression",
        "Table 3. Size of a model for one expression",
        "Table 4. Time for one expression, and for one face",
    ]
    backward = titles["Tables 1 and 2. MSE x 100, face, to neutral from"]
    assert backward.columns == ("happy", "sad", "mean")
    assert cells(backward, "mr-5") == ["3.000", "4.000", "3.500"]
    means = titles["Tables 1 and 2. MSE x 100, mean of all 4 changes of expression"]
    assert cells(means, "mr-5") == ["2.500", "5.000"]
    assert cells(means, "mr-5 refined") == ["2.400*", "4.800*"]


def test_many_expressions_are_split_into_tables_that_fit() -> None:
    tables = tables_of(result([f"expression-{number:02d}" for number in range(9)], mr_5=1.0))
    faces = [table for table in tables if table.title.endswith("face, from neutral to")]
    assert [len(table.columns) for table in faces] == [6, 4]
    assert faces[-1].columns[-1] == "mean"


def test_what_was_not_measured_has_no_number_and_no_mean() -> None:
    whole = result(["happy"], mr_5=1.0, omp=2.0)
    lost = ("omp", Change("happy", "neutral"))
    measured = {key: found for key, found in whole.measured.items() if key != lost}
    partly = ComparisonResult(whole.entrants, whole.directions, measured, {lost: "too large"})
    face, _, sizes, _ = tables_of(partly)
    assert cells(face, "omp") == ["2.000", "–", "–"]
    assert cells(face, "output = input") == ["3.000", "3.000", "3.000"]
    assert cells(sizes, "omp") == ["1*", "8*"]
    assert partly.to_json()["failed"] == [
        {"entrant": "omp", "input": "happy", "target": "neutral", "error": "too large"}
    ]


def test_what_people_see_has_the_most_recognised_and_the_likest_marked() -> None:
    whole = result(["happy"], mr_5=1.0, omp=2.0)
    shares = {"mr-5": seen(0.8, 0.6), "omp": seen(0.7, 1.3)}
    measured = {
        (name, change): replace(found, seen=shares[name], classifier_right=0.95)
        for (name, change), found in whole.measured.items()
    }
    compared = ComparisonResult(whole.entrants, whole.directions, measured, {})
    recognised, looks = tables_of(compared)[2:4]
    assert recognised.title == "Recognised as the target"
    assert [name for name, _ in recognised.rows[:2]] == ["real photograph", "output = input"]
    assert cells(recognised, "mr-5") == ["80 %*"] * 3
    assert cells(recognised, "real photograph") == ["90 %"] * 3
    assert looks.columns == ("recognised", "identity", "face sharpness", "mouth sharpness")
    assert cells(looks, "mr-5") == ["80 %*", "–", "60 %", "50 %"]
    assert cells(looks, "omp") == ["70 %", "–", "130 %", "50 %"]
    assert cells(looks, "omp refined") == ["10 %", "100 %*", "90 %*", "80 %*"]
    assert closing_lines(compared)[0] == (
        "the classifier of expressions is right about 95.0 % of real photographs held out"
    )


def test_a_measurement_of_an_older_version_has_no_cell_and_no_mean() -> None:
    whole = result(["happy"], mr_5=1.0)
    first, second = whole.measured
    measured = {first: replace(whole.measured[first], seen=seen(0.8, 0.6)), second: whole.measured[second]}
    recognised = tables_of(ComparisonResult(whole.entrants, whole.directions, measured, {}))[2]
    assert cells(recognised, "mr-5") == ["80 %*", "–", "–"]


def test_the_winner_may_be_no_model_at_all() -> None:
    assert closing_lines(result(["happy"], mr_5=5.0)) == [
        "smallest mean error, face: input + mean difference; mouth: input + mean difference"
    ]


@pytest.mark.parametrize(
    ("ridge", "text"),
    [
        (4.0, "mr-5 1.500, lasso 2.500, omp 3.500, ridge 4.500; the order of the papers"),
        (1.5, "mr-5 1.500, ridge 2.000, lasso 2.500, omp 3.500; the papers have mr-5, lasso, omp, ridge"),
    ],
)
def test_the_order_is_compared_with_that_of_the_papers(ridge: float, text: str) -> None:
    compared = result(["happy"], mr_5=1.0, omp=3.0, lasso=2.0, ridge=ridge)
    order, winners = closing_lines(compared)
    assert order == f"mean face MSE x 100: {text}"
    assert winners == "smallest mean error, face: mr-5 refined; mouth: mr-5 refined"
    assert compared.to_json()["order_of_the_papers"] is (ridge == 4.0)


def test_markdown_has_the_best_in_bold() -> None:
    found = result(["happy"], mr_5=1.0)
    lines = markdown("Comparison", tables_of(found), ["the end"]).splitlines()
    assert lines[:3] == ["# Comparison", "", "## Tables 1 and 2. MSE x 100, face"]
    assert lines[4:6] == ["|  | neutral → happy | happy → neutral | mean |", "| :-- | --: | --: | --: |"]
    assert "| mr-5 refined | **0.900** | **1.900** | **1.400** |" in lines
    assert lines[-1] == "the end"
