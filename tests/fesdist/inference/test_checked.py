"""What a version of others says and has is held to its model: what does not fit is refused by name, never computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import common_layout
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.inference.checked import CheckedVersion
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.recipe import Recipe
from fesdist.registry import MODELS, AnyModel, model_from_parameters
from fesdist.registry.options import model_from_options
from storage.datasets.manifest import Facts, ModelFacts, StackFacts
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.errors import FormatError
from tests.drafts import create_draft

SHAPE = 6, 5
FIT = Fit(SHAPE, 3, Colour.SHARED, "uint8", 2, 1)
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 3, *SHAPE), dtype=np.uint8)
ATTRIBUTES = {"normalisation": "none", "input_expression": "neutral"}

Arrays = dict[str, NDArray[Any]]
Publish = Callable[..., WeightVersion]


def arrays_of(model: AnyModel) -> Arrays:
    """Return arrays such as a version of a model has, of zeros."""
    found: Arrays = {"alpha": np.ones((1, *SHAPE), np.float32)}
    for layout in (*model.layout(FIT), *common_layout(1, 3)):
        leading = tuple(length for _, length in layout.leading)
        found[layout.name] = np.zeros((*leading, *SHAPE) if layout.of_pixels else leading, layout.dtype)
    return found


@pytest.fixture
def publish(tmp_path: Path) -> Publish:
    """Return a function that publishes arrays, by expression and name, as a version of a model, whatever they are."""
    numbers = iter(range(10_000))

    def published(
        model: AnyModel, arrays: Mapping[str, Arrays], attributes: Mapping[str, Any] = ATTRIBUTES, **said: Any
    ) -> WeightVersion:
        store = WeightStore(str(tmp_path / str(next(numbers))))
        groups = {expression: tuple(map(_spec, own, own.values())) for expression, own in arrays.items()}
        draft = create_draft(store, "theirs", "draft", DatasetSpec(attributes, groups), {})
        checksums: dict[str, str] = {}
        for expression, own in arrays.items():
            for name, values in own.items():
                whole = tuple(slice(0, length) for length in values.shape)
                checksums |= draft.write(expression, name, whole, values)
        facts = {
            "code_version": "0",
            "model": ModelFacts(model.name, model.parameters()),
            "colour": "shared",
            "image_shape": SHAPE,
            "channels": 3,
            "expressions": tuple(arrays),
            "stack": StackFacts("", "", {}),
            "metrics": {},
            "job_digest": "",
        }
        draft.publish(Facts(**facts | said), checksums)  # type: ignore[arg-type]
        return store.open("theirs")

    return published


def _spec(name: str, values: NDArray[Any]) -> ArraySpec:
    last = ("row", "col") if values.shape[-2:] == SHAPE else ("other", "others")
    dims = (*(f"dim{axis}" for axis in range(values.ndim - 2)), *last)
    return ArraySpec(name, dims, values.shape, values.shape, str(values.dtype))


def changes(model: AnyModel) -> Iterator[tuple[str, Arrays]]:
    """Yield arrays that a model cannot have, and what of them is wrong."""
    good = arrays_of(model)
    layouts = {layout.name: layout for layout in model.layout(FIT)}
    image_pass = model.image_pass()
    for name in (*model.reads, *((image_pass.encoder, *image_pass.small) if image_pass else ())):
        yield f"without {name}", {other: values for other, values in good.items() if other != name}
        yield f"{name} of whole numbers", good | {name: good[name].astype(np.int64)}
        yield f"{name} with a dimension more", good | {name: good[name][None]}
        for axis, (dim, _) in enumerate(layouts[name].leading):
            alike = [other for other in layouts.values() if dim in dict(other.leading)]
            if dim not in model.follows_samples or len(alike) > 1:
                longer = np.concatenate([good[name], good[name].take([0], axis=axis)], axis=axis)
                yield f"{name} with one {dim} more", good | {name: longer}
    yield "another alpha", good | {"alpha": np.ones((2, *SHAPE), np.float32)}


@pytest.mark.parametrize("name", MODELS)
def test_arrays_that_are_not_those_of_the_model_are_refused(publish: Publish, name: str) -> None:
    model = model_from_options(name, {})
    assert LoadedVersion(publish(model, {"sad": arrays_of(model)})).synthesize(IMAGES, "sad").shape == IMAGES.shape
    for wrong, arrays in changes(model):
        with pytest.raises(FormatError, match=r"theirs@1.* (has no array|expected)"):
            # Reached only where nothing is refused.
            pytest.fail(f"{wrong}: {LoadedVersion(publish(model, {'sad': arrays})).expressions}")


def test_every_expression_is_looked_at_before_it_is_used(publish: Publish) -> None:
    model = model_from_options("mr", {"window": 3})
    wide = arrays_of(model_from_options("mr", {"window": 5}))
    loaded = LoadedVersion(publish(model, {"happy": arrays_of(model), "sad": wide}))
    assert not loaded.synthesize(IMAGES, "happy", refine="none").any()
    with pytest.raises(FormatError, match=r"shape \(1, 25, 6, 5\); expected \(1, 9, 6, 5\) for 'sad'"):
        loaded.synthesize(IMAGES, "sad", refine="none")


@pytest.mark.parametrize("shape", [(1, *SHAPE), (3, *SHAPE), (2, 3, 3), SHAPE, None])
def test_a_displacement_is_that_of_the_image(publish: Publish, shape: tuple[int, ...] | None) -> None:
    model = model_from_options("pixel-rr", {})
    moves = {} if shape is None else {"displacement": np.zeros(shape, np.float32)}
    version = publish(model, {"sad": arrays_of(model) | moves}, shape={"sad": {}})
    with pytest.raises(FormatError, match=r"has no array sad/displacement|expected \(2, 6, 5\)"):
        LoadedVersion(version).shapes.displacement(Recipe.of("sad"))


@pytest.mark.parametrize("pixel", [-2, 30])
def test_input_pixels_outside_the_image_are_refused(publish: Publish, pixel: int) -> None:
    model = model_from_options("omp", {})
    arrays = arrays_of(model)
    arrays["support"][0, 1, 2, 3] = pixel
    checked = CheckedVersion(publish(model, {"sad": arrays}))
    with pytest.raises(BadParameterError, match=f"of which pixel {pixel} is needed; expected 0 to 29, or -1 for none"):
        LoadedVersion(checked.version).synthesize(IMAGES, "sad")
    with pytest.raises(BadParameterError, match=f"of which pixel {pixel} is needed"):
        checked.model.fixed_map(lambda name: checked.read("sad", name))


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"normalisation": "whitening"},
        {"normalisation": "none", "mouth": [0.6, 0.8, 0.3]},
        {"normalisation": "none", "mouth": [0.8, 0.6, 0.3, 0.7]},
        {"normalisation": "none", "eyes": [[0.5, 0.5], [0.5, 0.5]]},
        {"normalisation": "none", "eyes": 3},
        {"normalisation": "none", "lips": [0.5, 0.7]},
        {"normalisation": "none", "eyes": [[0.3, 0.4], [0.7, 0.4]], "lips": [0.5, 0.4]},
    ],
)
def test_what_no_version_says_is_refused(publish: Publish, attributes: dict[str, Any]) -> None:
    model = model_from_options("pixel-rr", {})
    with pytest.raises(FormatError, match="attributes of theirs@1"):
        LoadedVersion(publish(model, {"sad": arrays_of(model)}, attributes))


def test_versions_of_no_colour_and_of_no_expressions_are_refused(publish: Publish) -> None:
    model = model_from_options("pixel-rr", {})
    with pytest.raises(FormatError, match="colour of theirs@1"):
        LoadedVersion(publish(model, {"sad": arrays_of(model)}, colour="sepia"))
    with pytest.raises(FormatError, match="theirs@1 has no expressions"):
        CheckedVersion(publish(model, {"sad": arrays_of(model)}, expressions=()))
    with pytest.raises(FormatError, match="theirs@1 does not say which expression it starts from"):
        _ = publish(model, {"sad": arrays_of(model)}, {"normalisation": "none"}).input_expression


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("mr", {"offsets": 5, "ridge": 0.4}),
        ("mr", {"offsets": None, "ridge": 0.4}),
        ("mr", {"offsets": [[0, 0]], "ridge": 10**400}),
        ("mr", {"offsets": [[0, 0]], "ridge": 0.4, "mirror": "no"}),
        ("pixel-kr", {"kernel": ["gaussian"]}),
        ("pixel-kr", {"mirror": 1}),
        ("lsrf", {"locality": 10**400}),
        ("krrr", {"sigma": 1e-160}),
        ("krrr", {"sigma": 1e200}),
    ],
)
def test_hyper_parameters_that_are_none_are_refused(name: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(BadParameterError, match=r"expected|known"):
        model_from_parameters(name, parameters)
