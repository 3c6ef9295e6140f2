"""The objective of Pix2Pix really learns, from training people alone, and is measured as any model is."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is absent: it comes with the extra gans")

from fesdist import api  # noqa: E402
from fesdist.evaluation.looks import REAL  # noqa: E402
from fesdist.evaluation.scores import UNCHANGED  # noqa: E402
from fesdist.ground.errors import BadParameterError  # noqa: E402
from fesdist.inference.intensities import unit_scale  # noqa: E402
from storage.stack.reading import TrainingStack  # noqa: E402
from tests.gans import contest  # noqa: E402
from tests.gans.contest import COLUMNS, SIDE, compete  # noqa: E402
from tests.gans.linear import AFTER, BEFORE, draw_stack  # noqa: E402
from tests.gans.pix2pix import PatchDiscriminator, Pix2Pix, jittered, train_for  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    """Leave other tests their threads, and these the same rounding wherever they run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def pair() -> tuple[Any, Any]:
    torch.manual_seed(1)
    inputs = torch.nn.functional.interpolate(torch.rand(1, 3, 4, 4).round(), size=32)
    return inputs, 1 - inputs


def error(model: Pix2Pix, inputs: Any, targets: Any) -> float:
    return float(np.abs(model.outputs(inputs.numpy()) - targets.numpy()).mean())


class TestStep:
    def test_one_step_lowers_the_loss_of_the_discriminator_on_the_same_pair(self, pair: tuple[Any, Any]) -> None:
        inputs, targets = pair
        model = Pix2Pix(5, first=8)
        fake = model.generator(inputs).detach()

        @torch.no_grad()
        def loss() -> float:
            telling = model.discriminator(inputs, targets), -model.discriminator(inputs, fake)
            return sum(float(torch.nn.functional.softplus(-logits).mean()) for logits in telling) / 2

        before = loss()
        model.step(inputs, targets)
        assert loss() < before

    def test_a_few_steps_bring_the_outputs_nearer_to_the_targets(self, pair: tuple[Any, Any]) -> None:
        model = Pix2Pix(5, first=16)
        before = error(model, *pair)
        for _ in range(20):
            model.step(*pair)
        assert error(model, *pair) < 0.95 * before

    def test_the_same_seed_gives_the_same_generator(self, pair: tuple[Any, Any]) -> None:
        images = pair[0].numpy()
        made = []
        for seed in (3, 3, 4):
            model = Pix2Pix(5, first=8, seed=seed)
            model.step(*pair)
            made.append(model.outputs(images))
        assert np.array_equal(made[0], made[1])
        assert not np.array_equal(made[0], made[2])


def test_each_logit_of_the_discriminator_sees_a_patch_of_70_pixels() -> None:
    torch.manual_seed(0)
    discriminator = PatchDiscriminator(first=4)
    for layer in discriminator.modules():  # statistics of the whole image are no part of the patch
        if isinstance(layer, torch.nn.InstanceNorm2d):
            layer.forward = lambda seen: seen
    images = torch.rand(1, 3, 128, 128, requires_grad=True)
    logits = discriminator(images, images)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    seen = images.grad[0].abs().sum(dim=0) > 0
    assert (int(seen.any(dim=1).sum()), int(seen.any(dim=0).sum())) == (70, 70)


def test_both_images_of_a_pair_are_moved_alike() -> None:
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    random = np.random.default_rng(0)
    found = [jittered(torch.cat([image, image]), random) for _ in range(4)]
    for before, after in found:
        assert before.shape == image.shape[1:]
        assert torch.equal(before, after)
    assert not torch.equal(found[0], found[1])


class TestContest:
    def test_both_learn_from_training_people_and_are_measured_on_the_others(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        draw_stack(tmp_path / "stack", 7, SIDE)
        learned_from: list[np.ndarray[Any, Any]] = []

        def watched(model: Pix2Pix, inputs: Any, targets: Any, seconds: float, on_step: Any) -> int:
            learned_from.extend([inputs, targets])
            return train_for(model, inputs, targets, seconds, on_step)

        monkeypatch.setattr(contest, "Pix2Pix", partial(Pix2Pix, first=4))
        monkeypatch.setattr(contest, "train_for", watched)
        steps: list[int] = []
        found = compete(str(tmp_path / "stack"), 1e-9, None, lambda step, _: steps.append(step))
        assert (found.expression, found.n_training, found.n_held_out, found.steps, steps) == (AFTER, 3, 4, 1, [1])
        stack, whole = TrainingStack.open(tmp_path / "stack"), (slice(0, SIDE), slice(0, SIDE))
        for images, expression in zip(learned_from, (BEFORE, AFTER), strict=True):
            assert np.array_equal(images, unit_scale(stack.read(expression, [0, 1, 2], *whole)))

        rows = {row.name: row.values for row in found.rows}
        assert next(iter(rows)) == UNCHANGED
        assert list(rows)[2:] == ["MR 5 x 5", "MR 5 x 5, refined", "Pix2Pix", REAL]
        api.train(str(tmp_path / "stack"), str(tmp_path / "store"), name="mr", model="mr", window=5, workers=0)
        evaluated = api.evaluate(str(tmp_path / "stack"), str(tmp_path / "store"), "mr", workers=0).expressions[0]
        for number, column in enumerate(COLUMNS):
            region, measure = column.split()
            assert rows["MR 5 x 5"][number] == pytest.approx(evaluated.mean("model", region, measure))
        seen = {row.name: row.seen for row in found.rows}
        assert seen["MR 5 x 5"] == evaluated.seen("model")
        assert seen[REAL].shares()[2:] == (1, 1)
        assert rows["Pix2Pix"][0] > rows["MR 5 x 5"][0]  # one step is not enough for anybody

    def test_what_cannot_be_trained_is_refused(self, tmp_path: Path) -> None:
        draw_stack(tmp_path / "small", 2, 32)
        with pytest.raises(BadParameterError, match=r"are 32 x 32; .* ingest the photographs once more with --size 64"):
            compete(str(tmp_path / "small"), 1, None, lambda *_: None)
        draw_stack(tmp_path / "alone", 1, SIDE)
        with pytest.raises(BadParameterError, match=r"1 people to train 'happy' and 0 held out; expected some of each"):
            compete(str(tmp_path / "alone"), 1, None, lambda *_: None)
        with pytest.raises(BadParameterError, match="0 minutes of training; expected a number above 0"):
            compete(str(tmp_path / "alone"), 0, None, lambda *_: None)
