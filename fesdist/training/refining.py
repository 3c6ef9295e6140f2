"""The refinement maps of a run, from what its tiles have stored, each written while the next is made."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from fesdist.ground.alpha_maps import CoarseMap, learned_alpha, papers_alpha
from fesdist.ground.refinement import ALPHAS, Refinement
from fesdist.ground.tiles import TileGrid
from fesdist.training.job import TrainingJob
from fesdist.training.rows_ahead import RowsAhead, rows_at_once
from storage.datasets.draft import WeightDraft, Written
from storage.stack.reading import TrainingStack


def write_refinement_maps(draft: WeightDraft, job: TrainingJob, stack: TrainingStack, chunk: int) -> dict[str, str]:
    """Make the maps of all expressions, of tiles that are all stored; return the checksums of their chunks by key.

    Arrays have chunks of `chunk` rows and columns. Raises as `WeightDraft.read` and `write_all`.
    """
    image_shape = stack.image_shape
    shape = job.colour.weight_channels(stack.channels), *image_shape
    bands = list(TileGrid(image_shape, (chunk, image_shape[1])))
    n_bands = -(-rows_at_once(shape, chunk) // chunk)

    def rows_of(expression: str, name: str) -> RowsAhead:
        return RowsAhead(draft, expression, name, shape, chunk)

    def of_norms(expression: str) -> CoarseMap:
        return papers_alpha(rows_of(expression, "norm"), shape)

    def of_evidence(expression: str) -> CoarseMap:
        return learned_alpha(rows_of(expression, "agreement"), rows_of(expression, "change"), shape)

    makers: dict[Refinement, Callable[[str], CoarseMap]] = {Refinement.PAPERS: of_norms}
    if job.build_model().has_evidence:
        makers[Refinement.LEARNED] = of_evidence

    def write(expression: str, array: str, alpha: CoarseMap) -> dict[str, str]:
        checksums: dict[str, str] = {}
        # As much as is read at once: of the largest images not even one map is held as a whole.
        for start in range(0, len(bands), n_bands):
            regions = [band.region for band in bands[start : start + n_bands]]
            checksums |= draft.write_all(
                Written(expression, array, (slice(None), *region.slices), alpha.rows(region.slices[0]))
                for region in regions
            )
        return checksums

    with ThreadPoolExecutor(1, "maps behind") as behind:
        # Maps that wait are small, as they are made at 511 pixels at most.
        under_way = [
            behind.submit(write, expression, ALPHAS[refinement], make(expression))
            for expression, (refinement, make) in product(job.expressions, makers.items())
        ]
        return {key: checksum for written in under_way for key, checksum in written.result().items()}
