"""Eyes: lids, eyeballs, irises and lashes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fesdist.faces.colours import IRISES, Colour, mix, scale, srgb
from fesdist.faces.expression import ActionUnits
from fesdist.faces.layer import Layer, Plane
from fesdist.faces.light import Light
from fesdist.faces.noise import detail, strands, table
from fesdist.faces.shapes import between, ellipse, glow, inside, line, step
from fesdist.faces.traits import Traits

_WHITE = srgb(232, 226, 222)
_LASHES = srgb(28, 20, 18)


@dataclass(frozen=True)
class Eyes:
    """Shape in sides of the picture; both eyes mirror each other but for their places."""

    left: tuple[float, float]
    """Centre of the iris of the eye at the left of the picture, (x, y)."""
    right: tuple[float, float]
    width: float
    """From the middle to a corner."""
    upper: float
    """Height of the upper lid over the middle."""
    lower: float
    tilt: float
    """How much higher the outer corner lies, per length."""
    crease: float
    """From the lash line up to the fold of the lid; 0 for a lid without a fold."""
    lashes: float
    iris: Colour
    streaks: Plane
    """One row of noise, the fibres of the iris."""
    bags: float

    @staticmethod
    def random(rng: np.random.Generator, traits: Traits) -> Eyes:
        """Draw eyes; brown becomes the rule with darker skin."""
        light_eyed = rng.uniform() > 0.25 + 1.5 * traits.melanin
        names = ("blue", "green", "grey", "hazel") if light_eyed else ("dark brown", "brown")
        base = IRISES[names[int(rng.integers(len(names)))]]
        jitter = np.clip(rng.normal(0.0, 0.005, 4), -0.015, 0.015)
        monolid = not light_eyed and rng.uniform() < 0.4
        return Eyes(
            left=(-0.155 + float(jitter[0]), 0.360 + float(jitter[1])),
            right=(0.155 + float(jitter[2]), 0.360 + float(np.clip(jitter[1] + 0.3 * jitter[3], -0.015, 0.015))),
            width=rng.normal(0.071, 0.003),
            upper=rng.normal(traits.blend(0.0325, 0.0290), 0.002),
            lower=rng.normal(0.0205, 0.0015),
            tilt=rng.normal(0.12 if monolid else traits.blend(0.08, 0.05), 0.035),
            crease=0.0 if monolid else rng.uniform(0.010, 0.018),
            lashes=traits.blend(1.0, 0.45) * rng.uniform(0.8, 1.2),
            iris=scale(base, rng.uniform(0.8, 1.2)),
            streaks=table(rng, 24)[0],
            bags=max(0.0, rng.normal(0.25 + 0.6 * traits.age, 0.15)),
        )

    def centres(self) -> tuple[tuple[float, tuple[float, float]], ...]:
        """Return the side, -1 or 1, and the centre of each eye."""
        return (-1.0, self.left), (1.0, self.right)

    def _around(self, layer: Layer, centre: tuple[float, float]) -> Layer:
        x, y = centre
        return layer.crop(x - 0.115, y - 0.095, x + 0.115, y + 0.085)

    def _lids(self, part: Layer, side: float, centre: tuple[float, float], units: ActionUnits) -> tuple[Plane, Plane]:
        """Return the edges of the upper and the lower lid, y(x), (1, col)."""
        t = np.clip(side * (part.x - centre[0]) / self.width, -1.0, 1.0)
        bow = np.maximum(1.0 - t * t, 0.0)
        wide = units.lid_raise if units.lid_raise > 0.0 else 1.15 * units.lid_raise
        narrow = 0.22 * units.lid_tight + 0.07 * units.cheek_raise
        upper = self.upper * (1.0 + 0.36 * wide - narrow) * bow**0.62 * (1.0 - 0.16 * t)
        lower = self.lower * (1.0 + 0.12 * max(wide, 0.0) - 0.42 * units.cheek_raise - 0.3 * units.lid_tight)
        axis = centre[1] + 0.004 - self.tilt * self.width * t - 0.004 * units.lid_raise * np.minimum(t, 0.0)
        sag = 0.006 * min(units.lid_raise, 0.0) * step(0.0, 1.0, t)
        return axis - upper - sag, axis + lower * bow**0.8 * (1.0 + 0.2 * t)

    def sculpt(self, layer: Layer, units: ActionUnits) -> None:
        """Sink the sockets, raise the lids over the eyeballs and, with age, the bags below."""
        for side, (x, y) in self.centres():
            layer.bump(x - side * 0.070, y - 0.010, 0.034, 0.040, -0.016)
            layer.bump(x, y - 0.030, 0.062, 0.022, -0.005)
            layer.bump(x, y + 0.002, 0.050, 0.032, 0.010)
            layer.bump(x, y + 0.050, 0.045, 0.014, -0.002 - 0.002 * self.bags - 0.003 * units.cheek_raise)

    def tint(self, layer: Layer, units: ActionUnits) -> None:
        """Shade sockets and lids, and draw the folds above and below."""
        for side, centre in self.centres():
            x, y = centre
            part = self._around(layer, centre)
            upper, lower = self._lids(part, side, centre, units)
            t = np.clip(side * (part.x - x) / self.width, -1.3, 1.3)
            fade = np.maximum(1.0 - (t / 1.25) ** 4, 0.0)
            part.filter(glow(part, x - side * 0.055, y - 0.028, 0.032, 0.024), (0.86, 0.76, 0.74))
            part.filter(0.8 * glow(part, x, y - 0.028, 0.055, 0.020), (0.84, 0.78, 0.77))
            lid = self.crease * (1.0 - 0.35 * max(units.lid_raise, 0.0)) + 0.002
            if self.crease > 0.0:
                fold = upper - lid * (0.55 + 0.45 * np.maximum(1.0 - t * t, 0.0))
                part.filter(0.75 * line(part, fold, 0.0026) * fade, (0.56, 0.46, 0.44))
            bag = lower + 0.020 + 0.012 * np.maximum(1.0 - t * t, 0.0)
            strength = 0.16 + 0.45 * self.bags + 0.35 * units.cheek_raise
            part.filter(min(strength, 0.8) * line(part, bag, 0.0045) * fade, (0.76, 0.64, 0.62))
            for k in range(3):
                crow = y + 0.012 * (k - 1) + side * (part.x - x - side * self.width) * (0.7 * (k - 1)) + 0.004
                reach = step(1.02, 1.12, side * (part.x - x) / self.width)
                reach = reach * step(1.62, 1.30, side * (part.x - x) / self.width)
                part.filter(0.40 * units.cheek_raise * line(part, crow, 0.0022) * reach, (0.70, 0.58, 0.55))

    def draw(self, layer: Layer, units: ActionUnits, light: Light) -> None:
        """Paint eyeballs, irises and lashes over the lit face."""
        level = scale(light.lamp, 0.62 + 0.25 * light.direction[2])
        for side, centre in self.centres():
            part = self._around(layer, centre)
            upper, lower = self._lids(part, side, centre, units)
            opening = between(part, upper, lower)
            ball = part.like(mix(_WHITE, self.iris, 0.04))
            self._paint_ball(ball, side, centre, upper, lower, light)
            ball.filter(1.0, level)
            self._paint_catchlight(ball, centre, light)
            part.paint(opening, ball.colour)
            self._paint_lashes(part, side, centre, upper, lower)

    def _paint_ball(
        self,
        ball: Layer,
        side: float,
        centre: tuple[float, float],
        upper: Plane,
        lower: Plane,
        light: Light,
    ) -> None:
        x, y = centre
        rim = 0.0305
        ball.filter(step(0.018, 0.070, np.abs(ball.x - x)) * np.ones_like(ball.y), (0.70, 0.62, 0.60))
        ball.paint(glow(ball, x - side * self.width * 0.98, y + 0.006, 0.009, 0.008), srgb(196, 128, 116))
        dx, dy = ball.x - x, ball.y - y
        radius = np.sqrt(dx * dx + dy * dy) / rim
        around = np.arctan2(dy, dx) * np.float32(12.0 / np.pi)
        fibres = strands(around, self.streaks) * detail(48.0 / (2 * np.pi * rim), ball.pixel)
        iris = ball.like(self.iris)
        iris.filter(step(0.70, 1.02, radius), (0.25, 0.25, 0.27))
        iris.paint(0.45 * step(0.75, 0.40, radius), mix(scale(self.iris, 1.9), srgb(190, 150, 90), 0.25))
        iris.modulate(1.0 + 0.30 * fibres * step(0.3, 0.55, radius))
        lx, ly, _ = light.direction
        iris.paint(0.30 * glow(iris, x - 0.35 * rim * lx, y - 0.40 * rim * ly, 0.010, 0.008), scale(self.iris, 3.0))
        iris.paint(inside((radius - 0.37) * rim, max(0.003, iris.pixel)), (0.006, 0.005, 0.005))
        ball.paint(inside((radius - 1.0) * rim, max(0.004, ball.pixel)), iris.colour)
        ball.filter(step(0.016, -0.002, ball.y - upper), (0.30, 0.26, 0.26))
        ball.filter(0.6 * step(0.006, 0.0, lower - ball.y), (0.72, 0.56, 0.54))

    def _paint_catchlight(self, ball: Layer, centre: tuple[float, float], light: Light) -> None:
        lx, ly, _ = light.direction
        x, y = centre[0] + 0.016 * lx, centre[1] + 0.018 * ly - 0.002
        ball.paint(0.95 * ellipse(ball, x, y, 0.0062, 0.0058, blur=0.004), (0.95, 0.96, 1.0))
        ball.paint(
            0.25 * ellipse(ball, 2 * centre[0] - x, centre[1] + 0.013, 0.006, 0.003, blur=0.005), (0.9, 0.95, 1.0)
        )

    def _paint_lashes(self, part: Layer, side: float, centre: tuple[float, float], upper: Plane, lower: Plane) -> None:
        t = side * (part.x - centre[0]) / self.width
        ends = step(1.12, 0.98, np.abs(t))
        thick = (0.0035 + 0.0040 * self.lashes * step(-0.9, 0.9, t)) * step(-1.08, -0.75, t) * ends
        part.paint(0.92 * between(part, upper - thick, upper + 0.0018 * ends, blur=0.002), _LASHES)
        rim = 0.0016 * ends
        part.paint(0.40 * between(part, lower - rim, lower + rim, blur=0.003), mix(_LASHES, srgb(170, 110, 96), 0.5))
