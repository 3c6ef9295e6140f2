"""What is doubtful of a version, by what its training saw: told when it ends, and kept in the manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fesdist.ground.metrics import ExpressionMetrics
from fesdist.ground.notices import Notice, noticed, worse_than_input
from fesdist.ground.status import troubles
from fesdist.training.shaping import LearnedShape
from storage.blobs.documents import convert
from storage.datasets.manifest import Manifest


def notices_of(
    shapes: Mapping[str, LearnedShape], metrics: Mapping[str, ExpressionMetrics], misaligned: tuple[Notice, ...]
) -> tuple[Notice, ...]:
    """Return what is doubtful of a version: of its photographs, `misaligned` first, then of its regressions.

    `shapes` and `metrics` are by expression.
    """
    return (*misaligned, *_of_shapes(shapes), *_of_regressions(metrics), *worse_than_input(_changes(metrics)))


def kept_in(manifest: Manifest) -> tuple[Notice, ...]:
    """Return the notices that a version keeps; none of versions that were made before it kept any."""
    return convert(tuple[Notice, ...], manifest.notices, f"notices of {manifest.reference}")


def _of_shapes(shapes: Mapping[str, LearnedShape]) -> Iterator[Notice]:
    for name, shape in shapes.items():
        yield from noticed(
            "doubtful",
            f"{name}: the two photographs of {{n person}} do not overlap: they teach colours, but no shape; look at "
            "them",
            shape.unusable,
        )


def _of_regressions(metrics: Mapping[str, ExpressionMetrics]) -> Iterator[Notice]:
    for name, facts in metrics.items():
        for status in troubles(facts.statuses):
            yield Notice("doubtful", facts.statuses[status], f"{name}: {status.told(facts.statuses[status])}")


def _changes(metrics: Mapping[str, ExpressionMetrics]) -> dict[str, float]:
    measured = {name: facts.face for name, facts in metrics.items() if facts.face and facts.face.unchanged_mse_x100}
    return {name: 100 * (face.mse_x100 / face.unchanged_mse_x100 - 1) for name, face in measured.items() if face}
