"""The objective of Pix2Pix, really trained: a conditional GAN and 100 times the absolute error.

Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017, sections 3 and
6.1. Batches of one pair, Adam with 0.0002 and 0.5, weights drawn from N(0, 0.02), pairs mirrored and moved at random.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate

from tests.gans.generators import UNet

Images = NDArray[np.float32]
"""(sample, channel, row, col) float32 in [0, 1]."""

ABSOLUTE_ERROR_WEIGHT = 100.0

_RATE, _BETAS = 2e-4, (0.5, 0.999)
_SPREAD = 0.02
_JITTER = 286 / 256
"""How much larger a pair is made before a part of the right size is cut from it."""


class PatchDiscriminator(nn.Module):
    """The PatchGAN of section 6.1.2: a logit for each patch of 70 x 70: is this output real beside its input?"""

    def __init__(self, channels: int = 3, first: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(2 * channels, first, 4, 2, 1), nn.LeakyReLU(0.2)]
        for width, stride in ((first, 2), (2 * first, 2), (4 * first, 1)):
            layers += [nn.Conv2d(width, 2 * width, 4, stride, 1, bias=False), nn.InstanceNorm2d(2 * width, affine=True)]
            layers.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*layers, nn.Conv2d(8 * first, 1, 4, 1, 1))

    def forward(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Return logits (sample, 1, row, col) for images in [0, 1]."""
        return self.layers(2 * torch.cat([inputs, outputs], dim=1) - 1)


@dataclass(frozen=True)
class Losses:
    """What one step found before it changed the weights."""

    discriminator: float
    adversarial: float
    absolute_error: float
    """Mean of |y - t|, of intensities in [0, 1]."""


class Pix2Pix:
    """A generator and a discriminator that learn against each other; `seed` settles all that is drawn."""

    def __init__(self, depth: int, channels: int = 3, first: int = 64, seed: int = 0) -> None:
        """`depth` halvings bring the image to 1 x 1; `first` are the channels of the first layers."""
        torch.manual_seed(seed)
        self.generator = UNet(depth, channels, first)
        self.discriminator = PatchDiscriminator(channels, first)
        for module in (self.generator, self.discriminator):
            module.apply(_draw)
        self._optimisers = tuple(
            torch.optim.Adam(module.parameters(), _RATE, _BETAS) for module in (self.generator, self.discriminator)
        )
        self._logits_loss = nn.BCEWithLogitsLoss()

    def step(self, inputs: Tensor, targets: Tensor) -> Losses:
        """Learn from a batch: the discriminator with half its loss first, then the generator; images in [0, 1]."""
        of_generator, of_discriminator = self._optimisers
        self.generator.train()
        made = self.generator(inputs)
        real, fake = self.discriminator(inputs, targets), self.discriminator(inputs, made.detach())
        telling = (self._loss(real, True) + self._loss(fake, False)) / 2
        of_discriminator.zero_grad()
        telling.backward()
        of_discriminator.step()
        adversarial = self._loss(self.discriminator(inputs, made), True)
        absolute_error = (made - targets).abs().mean()
        # The paper's intensities span [-1, 1], twice ours.
        of_generator.zero_grad()
        (adversarial + ABSOLUTE_ERROR_WEIGHT * 2 * absolute_error).backward()
        of_generator.step()
        return Losses(telling.item(), adversarial.item(), absolute_error.item())

    def outputs(self, inputs: Images) -> Images:
        """Return what the generator makes of images, one by one."""
        self.generator.eval()
        with torch.inference_mode():
            made = [self.generator(torch.from_numpy(inputs[n : n + 1])).numpy() for n in range(len(inputs))]
        return np.concatenate(made)

    def _loss(self, logits: Tensor, real: bool) -> Tensor:
        return self._logits_loss(logits, torch.full_like(logits, float(real)))


def train_for(
    model: Pix2Pix, inputs: Images, targets: Images, seconds: float, on_step: Callable[[int, float], None]
) -> int:
    """Train on pairs in random order until the time is over, once at least, and return the number of steps.

    `on_step(steps, seconds)` is called after each.
    """
    random, start, steps = np.random.default_rng(0), time.perf_counter(), 0
    while True:
        for n in random.permutation(len(inputs)):
            pair = jittered(torch.from_numpy(np.stack([inputs[n], targets[n]])), random)
            model.step(pair[:1], pair[1:])
            steps += 1
            passed = time.perf_counter() - start
            on_step(steps, passed)
            if passed >= seconds:
                return steps


def jittered(pair: Tensor, random: np.random.Generator) -> Tensor:
    """Return both images of a pair (2, channel, row, col) mirrored, half the time, and cut from larger ones alike."""
    side = pair.shape[-1]
    if random.random() < 0.5:
        pair = pair.flip(-1)
    larger = interpolate(pair, size=round(side * _JITTER), mode="bilinear", align_corners=False)
    row, col = random.integers(0, larger.shape[-1] - side + 1, 2)
    return larger[..., row : row + side, col : col + side]


def _draw(layer: nn.Module) -> None:
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(layer.weight, 0, _SPREAD)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.InstanceNorm2d) and layer.affine:
        nn.init.normal_(layer.weight, 1, _SPREAD)
        nn.init.zeros_(layer.bias)
