"""The generators have the sizes that the papers tell, and every layer takes part in what they make."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is absent: it comes with the extra gans")

from tests.gans.generators import GENERATORS, Labelled, Published, Residual, UNet, n_parameters  # noqa: E402


@pytest.mark.parametrize("published", GENERATORS, ids=lambda published: published.name)
def test_parameters_are_within_a_twentieth_of_the_papers(published: Published) -> None:
    assert n_parameters(published.build()) == pytest.approx(published.parameters, rel=0.05)


def test_definitions_tell_the_sizes_of_the_generators_for_256() -> None:
    assert n_parameters(UNet(8)) == pytest.approx(54.4e6, rel=0.001)
    assert n_parameters(Residual(9)) == pytest.approx(11.4e6, rel=0.005)
    one, two = (n_parameters(Labelled(labels, attention=False, blocks=0)) for labels in (1, 2))
    assert two - one == 3136


SMALL = {
    "u-net": lambda: UNet(4, first=4),
    "residual": lambda: Residual(blocks=1),
    "labelled": lambda: Labelled(3, attention=False, blocks=1),
    "attentive": lambda: Labelled(3, attention=True, blocks=1),
}


@pytest.mark.parametrize("kind", SMALL)
def test_outputs_are_images_of_the_same_shape_and_every_parameter_matters(kind: str) -> None:
    torch.manual_seed(0)
    module, images = SMALL[kind](), torch.rand(2, 3, 16, 16)
    made = module(images)
    assert made.shape == images.shape
    assert 0 <= made.min() < made.max() <= 1
    (made**2).sum().backward()
    assert all(values.grad is not None and values.grad.abs().max() > 0 for values in module.parameters())


def test_a_label_changes_what_is_made() -> None:
    torch.manual_seed(0)
    module, images = Labelled(3, attention=False, blocks=1), torch.rand(1, 3, 16, 16)
    first = module(images)
    module.asked = module.asked.roll(1, dims=1)
    assert (module(images) - first).abs().max() > 1e-3


def test_full_attention_leaves_the_photograph_as_it_is() -> None:
    module, images = Labelled(3, attention=True, blocks=1), torch.rand(1, 3, 16, 16)
    module.attention.forward = lambda seen: torch.full((1, 1, 16, 16), 50.0)
    assert torch.allclose(module(images), images)


def test_detail_passes_the_bottleneck_of_the_u_net_by() -> None:
    torch.manual_seed(0)
    module, images = UNet(4, first=4).eval(), torch.rand(1, 3, 16, 16)
    made = module(images)
    module.downs[-1] = torch.nn.Sequential(module.downs[-1], torch.nn.Threshold(1e9, 0.0))  # nothing comes through
    without = module(images)
    moved = module(images.roll(1, dims=3))
    assert not torch.equal(made, without)
    assert (moved - without).abs().max() > 1e-3
