"""What a run chooses by itself is what an exhaustive search on people left out finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.cluster.in_process import InProcessCluster
from fesdist.families.common.judging import REFINED_COLUMNS
from fesdist.ground.errors import BadParameterError
from fesdist.ground.folds import split_people
from fesdist.ground.measures import mouth_region
from fesdist.registry import MODELS, MaskedRegression, PixelKernelRidge, model_from_parameters, model_named
from fesdist.training import choosing
from fesdist.training.choice import Choice, Result
from fesdist.training.choosing import choose
from fesdist.training.job import TrainingRequest, define_job
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from storage.stack.reading import StackSpec, TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.fesdist.training.stacks import write_stack

ROWS, COLS = 20, 36
Images = NDArray[np.float64]
TRIED = {"ridge": (0.3, 30.0), "pool": (0, 1), "mirror": (False, True)}


def _write(path: Path, people: int, *, turned: bool = False) -> TrainingStack:
    """Write people whose smile is a shift and a brightening; with `turned` everybody's mirror image too."""
    random = np.random.default_rng(4)
    smooth = random.integers(40, 200, (people, 1, ROWS, COLS // 4)).repeat(4, axis=-1)
    neutral = np.clip(smooth + random.integers(-20, 20, smooth.shape), 0, 255).astype(np.uint8)
    noise = random.integers(0, 30, neutral.shape)
    happy = np.clip(np.roll(neutral, 1, axis=-1) // 2 + neutral // 3 + 20 + noise, 0, 255).astype(np.uint8)
    subjects = []
    for person in range(people):
        images = {"neutral": neutral[person], "happy": happy[person]}
        subjects.append(PendingSubject(f"p{person}", images))
        if turned:
            other = {name: np.ascontiguousarray(image[..., ::-1]) for name, image in images.items()}
            subjects.append(PendingSubject(f"p{person}-turned", other))
    with StackWriter.create(path, StackSpec(ROWS, COLS, 1, "uint8", "none")) as writer:
        writer.append(subjects)
        writer.assign_holdout(0.0, None)
    return TrainingStack.open(str(path))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> TrainingStack:
    return _write(tmp_path_factory.mktemp("stack") / "stack.zarr", 9)


def _request(stack: TrainingStack, store: Path, **changes: Any) -> TrainingRequest:
    model = MaskedRegression.with_window(3)
    return replace(TrainingRequest(stack.path, str(store), "faces", model, subjects="all"), **changes)


def _train(request: TrainingRequest, memory: int = 1 << 30) -> Any:
    train(request, InProcessCluster(), memory=memory)
    return WeightStore(request.store).open("faces")


def _images(stack: TrainingStack) -> tuple[Images, Images]:
    everybody = np.arange(stack.n_samples)
    x, t = (stack.read(name, everybody, slice(None), slice(None)) / 255 for name in ("neutral", "happy"))
    return x[:, 0], t[:, 0]


def _turned(images: Images) -> Images:
    return images[..., ::-1]


def _as_bytes(images: Images) -> NDArray[np.uint8]:
    return np.round(images * 255).astype(np.uint8)


def _outputs(model: MaskedRegression, fitted: tuple[Images, Images], images: Images) -> Images:
    x, t = (np.concatenate([each, _turned(each)]) if model.mirror else each for each in fitted)
    plain: Any = replace(model, mirror=False)
    learned = plain.learned(plain.sums(_as_bytes(x[:, None]), {"happy": _as_bytes(t[:, None])}))
    return np.asarray(learned.outputs("happy", images[:, None])[:, 0], np.float64)


def _refined_errors(stack: TrainingStack, model: MaskedRegression) -> tuple[float, float]:
    """Train on all but each fold, look at its people, find the best alpha of each run of pixels, and add up."""
    x, t = _images(stack)
    ids = [subject.id for subject in stack.subjects]
    wanted, agreement, change = (np.zeros((ROWS, COLS)) for _ in range(3))
    for fold in split_people(ids, 5):
        inside = np.array([person in fold for person in ids])
        y = _outputs(model, (x[~inside], t[~inside]), x[inside])
        wanted += ((t[inside] - x[inside]) ** 2).sum(axis=0)
        agreement += ((t[inside] - x[inside]) * (y - x[inside])).sum(axis=0)
        change += ((y - x[inside]) ** 2).sum(axis=0)
    if model.mirror:  # a mirror image is judged at the mirrored pixel
        wanted, agreement, change = ((sums + _turned(sums)) / 2 for sums in (wanted, agreement, change))
    mouth = mouth_region(stack.spec.mouth, stack.image_shape)
    found = []
    for rows, cols in ((slice(None), slice(None)), mouth.slices):
        total = 0.0
        for row in range(ROWS)[rows]:
            line = [sums[row][cols] for sums in (wanted, agreement, change)]
            for start in range(0, len(line[0]), REFINED_COLUMNS):
                a, b, c = (sums[start : start + REFINED_COLUMNS].sum() for sums in line)
                alpha = np.clip(b / c, 0, 1)
                total += a - 2 * alpha * b + alpha**2 * c
        found.append(100 * total / (len(ids) * wanted[rows, cols].size))
    return found[0], found[1]


def test_every_combination_is_judged_as_by_training_without_the_people(
    stack: TrainingStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "TRIED", TRIED)
    model = MaskedRegression.with_window(3)
    request = _request(stack, Path(), chosen=("ridge", "pool", "mirror"))
    chosen, choice = choose(request, define_job(request, stack), stack, InProcessCluster())
    assert choice is not None
    assert (choice.n_people, choice.n_folds, choice.pixels, len(choice.tried)) == (9, 5, ROWS * COLS, 8)
    for tried in choice.tried:
        expected = _refined_errors(stack, replace(model, **tried.options))
        errors = tried.scores["happy"]
        assert (errors["face"].mse_x100, errors["mouth"].mse_x100) == pytest.approx(expected, rel=1e-4)
    best = choice.tried[choice.best].options
    assert (chosen.pool, chosen.mirror) == (best["pool"], best["mirror"])  # type: ignore[attr-defined]
    assert {name: choice.options[name] for name in ("pool", "mirror")} == {
        name: best[name] for name in ("pool", "mirror")
    }


def test_what_learns_from_more_is_taken_unless_it_is_worse_beyond_chance() -> None:
    options = [{"ridge": ridge, "pool": pool} for pool in (0, 2) for ridge in (1.0, 8.0)]
    mouth = choosing.Mouth((0.6, 0.8, 0.3, 0.7), 0.08)
    errors = np.array([[0.50, 0.4], [0.49, 0.4], [0.52, 0.4], [0.50, 0.4]])
    sure, doubtful = np.array([0.49, 0.50, 0.48, 0.49, 0.51]), np.array([0.60, 0.40, 0.50, 0.44, 0.56])
    for of_pooled, pool in ((sure + 0.01, 0), (doubtful, 2), (sure, 2)):
        of_folds = np.stack([sure, sure, of_pooled, of_pooled], axis=1)
        number, found = choosing._best(options, errors, [of_folds], mouth)
        assert (found["pool"], options[number]["ridge"]) == (pool, 8.0)


def test_chance_is_that_of_all_expressions_together_however_many_folds_they_have() -> None:
    options = [{"ridge": 1.0, "pool": 0}, {"ridge": 1.0, "pool": 2}]
    errors = np.array([[0.50, 0.4], [0.51, 0.4]])
    five, two = np.array([0.02, 0.01, 0.03, 0.02, 0.02]), np.array([0.00, 0.02])
    # Means 0.02 and 0.01, standard errors 0.0032 and 0.01: 0.03 is above twice 0.0105, and 0 is not.
    for differences, pool in (([five, two], 0), ([five, two - 0.03], 2)):
        of_folds = [np.stack([np.full(len(each), 0.5), 0.5 + each], axis=1) for each in differences]
        assert choosing._best(options, errors, of_folds, choosing.NO_MOUTH)[1]["pool"] == pool


def test_an_expression_of_few_people_has_folds_of_its_own(tmp_path: Path) -> None:
    """Eight people smile and two of them are sad: five folds and two, and each is judged by its own."""
    path = write_stack(tmp_path / "faces.zarr", people=8, side=16, channels=1, lacking={"sad": range(2, 8)})
    both = TrainingStack.open(str(path))
    chosen = ("ridge", "pool", "mirror")
    request = _request(both, tmp_path / "weights", chosen=chosen)
    choices = {}
    for expressions in (None, ("happy",), ("sad",)):
        alone = replace(request, expressions=expressions)
        _, choices[expressions] = choose(alone, define_job(alone, both), both, InProcessCluster())
    together = choices[None]
    assert together is not None
    assert (together.n_people, together.n_folds) == (8, 5)
    for name in ("happy", "sad"):
        alone_choice = choices[(name,)]
        assert alone_choice is not None
        for tried, of_one in zip(together.tried, alone_choice.tried, strict=True):
            assert tried.scores[name] == of_one.scores[name]
    assert _train(request).manifest.choice["options"].keys() == set(chosen)


def test_an_expression_of_one_person_is_made_by_what_is_best_for_the_others(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "faces.zarr", people=8, side=16, channels=1, lacking={"sad": range(1, 8)})
    faces = TrainingStack.open(str(path))
    request = _request(faces, tmp_path / "weights", chosen=("ridge", "pool", "mirror"))
    happy = replace(request, expressions=("happy",))
    sad = replace(request, expressions=("sad",))
    model, choice = choose(request, define_job(request, faces), faces, InProcessCluster())
    assert (model, choice) == choose(happy, define_job(happy, faces), faces, InProcessCluster())
    assert choice is not None
    assert choice.n_people == 8
    assert choose(sad, define_job(sad, faces), faces, InProcessCluster()) == (request.model, None)
    assert _train(request).expressions == ("happy", "sad")


def test_the_mouth_may_have_a_ridge_of_its_own(stack: TrainingStack) -> None:
    options = [{"ridge": 1.0}, {"ridge": 8.0}]
    mouth, folds = choosing.Mouth.of(stack), [np.ones((5, 2))]
    number, found = choosing._best(options, np.array([[0.5, 0.2], [0.4, 0.3]]), folds, mouth)
    assert number == 1
    cells = np.array(found["ridge"])
    assert cells.shape == (16, 16)
    assert set(cells.ravel()) == {1.0, 8.0}
    row0, row1, col0, col1 = stack.spec.mouth
    assert (cells == 1.0).mean() == pytest.approx((row1 - row0) * (col1 - col0), abs=0.05)
    assert cells[int(16 * (row0 + row1) / 2), int(16 * (col0 + col1) / 2)] == 1.0
    # What is nearly as good is left alone.
    assert choosing._best(options, np.array([[0.5, 0.299], [0.4, 0.3]]), folds, mouth) == (1, {"ridge": 8.0})


def test_a_mouth_that_is_smaller_than_a_cell_has_none(tmp_path: Path) -> None:
    spec = StackSpec(64, 64, 1, "uint8", "none", mouth=(0.51, 0.53, 0.51, 0.53))
    StackWriter.create(tmp_path / "faces", spec).close()
    options, errors = [{"ridge": 1.0}, {"ridge": 8.0}], np.array([[0.5, 0.2], [0.4, 90.0]])
    mouth = choosing.Mouth.of(TrainingStack.open(tmp_path / "faces"))
    number, found = choosing._best(options, errors, [np.ones((5, 2))], mouth)
    assert (number, found) == (1, {"ridge": 8.0})
    assert Choice(found, 5, 5, 64, tuple(Result(each, {}) for each in options), number).in_words() == "ridge 8"


def test_a_model_with_one_ridge_gets_one() -> None:
    options = [{"ridge": 1.0}, {"ridge": 8.0}]
    errors, folds = np.array([[0.5, 0.2], [0.4, 0.3]]), [np.ones((5, 2))]
    assert choosing._best(options, errors, folds, choosing.NO_MOUTH) == (1, {"ridge": 8.0})


@pytest.mark.parametrize("name", [name for name in MODELS if "ridge" in model_named(name).chosen_by_folds])
def test_a_model_says_whether_its_ridge_may_vary(name: str) -> None:
    model = model_named(name)
    build = MaskedRegression.with_window(3) if model is MaskedRegression else model()
    parameters = {**build.parameters(), "ridge": [[1.0, 8.0], [8.0, 8.0]]}
    if model.ridge_may_vary:
        assert model_from_parameters(name, parameters).parameters()["ridge"] == parameters["ridge"]
    else:
        with pytest.raises(BadParameterError, match="ridge"):
            model_from_parameters(name, parameters)


def test_bits_do_not_depend_on_memory_and_the_manifest_says_why(stack: TrainingStack, tmp_path: Path) -> None:
    chosen = ("ridge", "pool", "mirror")
    much, little = (
        _train(_request(stack, tmp_path / str(memory), chosen=chosen), memory) for memory in (1 << 30, 350 << 20)
    )
    assert much.checksums == little.checksums
    choice = much.manifest.choice
    assert set(choice["options"]) == set(chosen)
    assert much.manifest.model.parameters.get("pool", 0) == choice["options"]["pool"]
    assert len(choice["tried"]) == 36


def test_mirrored_samples_are_samples(tmp_path: Path) -> None:
    """Learning from mirror images is learning from a stack that has them, and makes a symmetric model."""
    plain, doubled = (_write(tmp_path / f"{turned}.zarr", 5, turned=turned) for turned in (False, True))
    model = MaskedRegression(MaskedRegression.with_window(3).offsets, 0.3, 1, mirror=True)
    mirrored = _train(_request(plain, tmp_path / "mirrored", model=model))
    expected = _train(_request(doubled, tmp_path / "doubled", model=replace(model, mirror=False)))
    for name in ("weights", "bias", "norm"):
        assert np.array_equal(mirrored.read("happy", name, None), expected.read("happy", name, None))
    weights = mirrored.read("happy", "weights", None)[0].reshape(3, 3, ROWS, COLS)
    np.testing.assert_allclose(weights, weights[:, ::-1, :, ::-1], atol=1e-9)


def test_people_and_their_mirror_images_are_left_out_together(stack: TrainingStack, tmp_path: Path) -> None:
    """What a person's mirror image teaches never judges that person."""
    version = _train(_request(stack, tmp_path, model=PixelKernelRidge(mirror=True)))
    agreement, change = (version.read("happy", name, None)[0] for name in ("agreement", "change"))
    np.testing.assert_allclose(agreement, agreement[:, ::-1], rtol=1e-5)
    x, t = _images(stack)
    model, ids = PixelKernelRidge(), [subject.id for subject in stack.subjects]
    expected = np.zeros((ROWS, COLS))
    for fold in split_people(ids, 5):
        inside = np.array([person in fold for person in ids])
        fitted = [np.concatenate([each[~inside], _turned(each[~inside])])[:, None] for each in (x, t)]
        inputs, targets = map(_as_bytes, fitted)
        shown = np.concatenate([x[inside], _turned(x[inside])])
        y = model.learned(model.sums(inputs, {"happy": targets})).outputs("happy", _as_bytes(shown[:, None]))[:, 0]
        expected += ((y - shown) ** 2).sum(axis=0)
    np.testing.assert_allclose(change, expected, rtol=1e-3, atol=1e-4)


def test_one_person_judges_nobody(tmp_path: Path) -> None:
    stack = _write(tmp_path / "one.zarr", 1)
    version = _train(_request(stack, tmp_path / "weights", chosen=("ridge", "pool", "mirror")))
    assert version.manifest.choice is None
    assert (version.read("happy", "learned_alpha", None) == 1).all()
    assert not version.read("happy", "change", None).any()


def test_choices_in_words() -> None:
    options = {"ridge": 12.0, "pool": 2, "mirror": True}
    tried = (Result(options, {}),)
    assert Choice(options, 9, 5, 100, tried, 0).in_words() == "ridge 12, pool 2, mirror yes"
    by_place = options | {"ridge": [[12.0, 0.3], [12.0, 12.0]]}
    assert Choice(by_place, 9, 5, 100, tried, 0).in_words() == "ridge 12 and 0.3 in the mouth, pool 2, mirror yes"
