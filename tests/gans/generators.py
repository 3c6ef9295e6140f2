"""Generators of four GANs, built from what their papers say of them: images in [0, 1] in, images in [0, 1] out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

WIDEST = 8
"""No layer of a U-Net has more than so many times the channels of its first."""

_DROPOUTS = 3
"""Decoder layers with dropout, those next to the bottleneck."""


@dataclass(frozen=True)
class Published:
    """A generator as its paper describes it for an image, and the size that is told of it."""

    name: str
    source: str
    build: Callable[[], nn.Module]
    parameters: float
    """As the papers on masked and pixel-based regression tell it."""
    definition: str
    """What the number of parameters follows from, where that is not the same everywhere."""


class UNet(nn.Module):
    """The U-Net of Pix2Pix: Isola, Zhu, Zhou, Efros, CVPR 2017, section 6.1.1.

    `depth` convolutions of 4 x 4 halve the image, to 1 x 1 where its side is 2 ** depth; as many transposed ones double
    it again, and each but the first of these sees what the encoder had at its size. Channels are `first` times 1, 2, 4,
    8, 8, ... The paper normalises batches of one image, which is instance normalisation. There is none at the first
    layer and none at the bottleneck, where one value would be left of nothing. Dropout is active in training alone; the
    paper draws it for outputs too, which can only raise their squared error.
    """

    def __init__(self, depth: int, channels: int = 3, first: int = 64) -> None:
        super().__init__()
        widths = [first * min(2**level, WIDEST) for level in range(depth)]
        downs: list[nn.Module] = [_conv(channels, widths[0])]
        for level in range(1, depth):
            last = level == depth - 1
            norm = nn.Identity() if last else _norm(widths[level])
            down = _conv(widths[level - 1], widths[level], bias=last)
            downs.append(nn.Sequential(nn.LeakyReLU(0.2), down, norm))
        ups: list[nn.Module] = []
        for level in range(depth - 1, 0, -1):
            seen = widths[level] * (1 if level == depth - 1 else 2)
            up = nn.ConvTranspose2d(seen, widths[level - 1], 4, 2, 1, bias=False)
            drop = nn.Dropout(0.5) if len(ups) < _DROPOUTS else nn.Identity()
            ups.append(nn.Sequential(nn.ReLU(), up, _norm(widths[level - 1]), drop))
        ups.append(nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(2 * widths[0], channels, 4, 2, 1)))
        self.downs, self.ups = nn.ModuleList(downs), nn.ModuleList(ups)

    def forward(self, images: Tensor) -> Tensor:
        """Return outputs of the shape of `images`, (sample, channel, row, col) float32 in [0, 1]."""
        seen = [2 * images - 1]
        for down in self.downs:
            seen.append(down(seen[-1]))
        made = self.ups[0](seen.pop())
        for up in list(self.ups)[1:]:
            made = up(torch.cat([made, seen.pop()], dim=1))
        return torch.sigmoid(2 * made)  # (tanh + 1) / 2


class Residual(nn.Module):
    """The residual generator of CycleGAN (Zhu, Park, Isola, Efros, ICCV 2017, section 7.2): 3 x 3, a reflected border.

    A layer of 7 x 7, two that halve the image, `blocks` residual blocks at 256 channels, two that double it again, a
    layer of 7 x 7; instance normalisation without parameters of its own.
    """

    def __init__(self, blocks: int = 6, channels: int = 3) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.ReflectionPad2d(3), nn.Conv2d(channels, 64, 7), nn.InstanceNorm2d(64), nn.ReLU()),
            *(nn.Conv2d(64, 128, 3, 2, 1), nn.InstanceNorm2d(128), nn.ReLU()),
            *(nn.Conv2d(128, 256, 3, 2, 1), nn.InstanceNorm2d(256), nn.ReLU()),
            *(_Block(256, own_norm=False) for _ in range(blocks)),
            *(nn.ConvTranspose2d(256, 128, 3, 2, 1, 1), nn.InstanceNorm2d(128), nn.ReLU()),
            *(nn.ConvTranspose2d(128, 64, 3, 2, 1, 1), nn.InstanceNorm2d(64), nn.ReLU()),
            *(nn.ReflectionPad2d(3), nn.Conv2d(64, channels, 7)),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return outputs of the shape of `images`, (sample, channel, row, col) float32 in [0, 1]."""
        return torch.sigmoid(2 * self.layers(2 * images - 1))


class Labelled(nn.Module):
    """The generator of StarGAN (Choi et al., CVPR 2018, table 4), and of GANimation (Pumarola et al., ECCV 2018).

    As `Residual`, but with 4 x 4 where the image is halved or doubled, a border of zeros, parameters in every
    normalisation and no biases. `labels` planes beside the image say which change is asked for. With `attention` there
    is a second output layer: A in [0, 1] is how much of a pixel stays, A x + (1 - A) C (section 4.1 of the latter).
    """

    def __init__(self, labels: int, attention: bool, channels: int = 3, blocks: int = 6) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *(nn.Conv2d(channels + labels, 64, 7, 1, 3, bias=False), _norm(64), nn.ReLU()),
            *(_conv(64, 128, bias=False), _norm(128), nn.ReLU()),
            *(_conv(128, 256, bias=False), _norm(256), nn.ReLU()),
            *(_Block(256, own_norm=True) for _ in range(blocks)),
            *(nn.ConvTranspose2d(256, 128, 4, 2, 1, bias=False), _norm(128), nn.ReLU()),
            *(nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False), _norm(64), nn.ReLU()),
        )
        self.colour = nn.Conv2d(64, channels, 7, 1, 3, bias=False)
        self.attention = nn.Conv2d(64, 1, 7, 1, 3, bias=False) if attention else None
        self.register_buffer("asked", torch.cat([torch.ones(1, 1, 1, 1), torch.zeros(1, labels - 1, 1, 1)], dim=1))

    def forward(self, images: Tensor) -> Tensor:
        """Return the change `asked` for of `images`, (sample, channel, row, col) float32 in [0, 1]; the same shape."""
        planes = self.asked.expand(images.shape[0], -1, *images.shape[2:])
        seen = self.trunk(torch.cat([2 * images - 1, planes], dim=1))
        made = torch.sigmoid(2 * self.colour(seen))
        if self.attention is None:
            return made
        stays = torch.sigmoid(self.attention(seen))
        return stays * images + (1 - stays) * made


class _Block(nn.Module):
    """x plus two convolutions of it."""

    def __init__(self, width: int, own_norm: bool) -> None:
        super().__init__()
        mode, bias = ("zeros", False) if own_norm else ("reflect", True)

        def layer() -> tuple[nn.Module, nn.Module]:
            conv = nn.Conv2d(width, width, 3, 1, 1, bias=bias, padding_mode=mode)
            return conv, _norm(width) if own_norm else nn.InstanceNorm2d(width)

        self.layers = nn.Sequential(*layer(), nn.ReLU(), *layer())

    def forward(self, seen: Tensor) -> Tensor:
        return seen + self.layers(seen)


def _conv(seen: int, made: int, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(seen, made, 4, 2, 1, bias=bias)


def _norm(width: int) -> nn.InstanceNorm2d:
    return nn.InstanceNorm2d(width, affine=True)


def n_parameters(module: nn.Module) -> int:
    """Return how many numbers a module learns."""
    return sum(values.numel() for values in module.parameters())


GENERATORS = (
    Published(
        "Pix2Pix",
        "U-Net",
        lambda: UNet(7),
        41e6,
        "seven halvings bring 128 to 1 x 1; the eight that 256 needs have 54.4 million",
    ),
    Published(
        "CycleGAN", "6 residual blocks", Residual, 7.8e6, "six blocks for 128; the nine for 256 have 11.4 million"
    ),
    Published(
        "StarGAN",
        "6 residual blocks, 8 labels",
        lambda: Labelled(8, attention=False),
        8.5e6,
        "the eight expressions of RaFD as labels; each further label adds 3,136",
    ),
    Published(
        "GANimation",
        "6 residual blocks, 17 labels, attention",
        lambda: Labelled(17, attention=True),
        8.5e6,
        "17 action units as labels, and the second output layer",
    ),
)
"""The generators of table 1, for 128 x 128 pixels and three channels, with random weights: size and speed only."""
