"""The public functions: what the commands do, with the words of the command line as keyword arguments.

Signatures are made from the requests, so they know every option: of `train` also those of the models. What is left
out has the default that `fesdist COMMAND --help` tells; errors are those of the commands, as exceptions: FesdistError
or StorageError. `on_progress` is called with what is done, all there is to do (0 while nobody knows), and a note.
"""

from __future__ import annotations

from fesdist.cli import evaluate as _evaluate
from fesdist.cli import export as _export
from fesdist.cli import faces as _faces
from fesdist.cli import ingest as _ingest
from fesdist.cli import report as _report
from fesdist.cli import synthesize as _synthesize
from fesdist.cli import train as _train
from fesdist.cli import tune as _tune
from fesdist.evaluation.document import Evaluation
from fesdist.exports.npz.reading import Imported, import_files
from fesdist.exports.source import Exported
from fesdist.families.coded.krrr import BilinearKernelReducedRank, KernelReducedRank
from fesdist.families.coded.pca import PrincipalComponents
from fesdist.families.coded.ridge import RidgeRegression
from fesdist.families.coded.ssc import StyleAndContent
from fesdist.families.onepixel.pixel_kr import PixelKernelRidge
from fesdist.families.sparse.lasso import Lasso as Lasso
from fesdist.families.sparse.lsrf import LocalSparseReceptiveFields
from fesdist.families.sparse.omp import OrthogonalMatchingPursuit
from fesdist.families.windowed.mr import MaskedRegression
from fesdist.families.windowed.pixel_rr import PixelRidge
from fesdist.ground.colour import Colour as Colour
from fesdist.ground.errors import BadParameterError as BadParameterError
from fesdist.ground.errors import ClusterError as ClusterError
from fesdist.ground.errors import FesdistError as FesdistError
from fesdist.ground.errors import ImageError as ImageError
from fesdist.ground.errors import PairingError as PairingError
from fesdist.ground.errors import PlanError as PlanError
from fesdist.ground.errors import TileError as TileError
from fesdist.ground.receptive_field import mask_offsets as mask_offsets
from fesdist.ground.receptive_field import window_offsets as window_offsets
from fesdist.ground.revision import revision as revision
from fesdist.ground.share import Progress
from fesdist.images.summary import IngestSummary
from fesdist.inference.loaded import WEIGHT_MEMORY
from fesdist.inference.loaded import LoadedVersion as LoadedVersion
from fesdist.inference.summary import SynthesisSummary
from fesdist.report.build import Report as WrittenReport
from fesdist.requests.learning import Train, Tune
from fesdist.requests.measuring import Evaluate, Report
from fesdist.requests.sharing import Export, Import
from fesdist.requests.signature import takes
from fesdist.requests.stacks import Faces, Ingest
from fesdist.requests.using import Synthesize
from fesdist.requests.weights import Promote, Rollback
from fesdist.training.run import TrainingResult
from fesdist.tuning.tuning import Tuning
from storage.datasets.store import WeightStore
from storage.errors import StorageError as StorageError

# As the papers call them.
MR = MaskedRegression
PixelRR = PixelRidge
PixelKR = PixelKernelRidge
OMP = OrthogonalMatchingPursuit
LSRF = LocalSparseReceptiveFields
Ridge = RidgeRegression
PCA = PrincipalComponents
SSC = StyleAndContent
KRRR = KernelReducedRank
BKRRR = BilinearKernelReducedRank


def _quiet(done: float, total: int, note: str) -> None:
    """Tell nobody."""


@takes(Faces)
def draw_faces(request: Faces, on_progress: Progress = _quiet) -> int:
    """Draw pairs of faces for trying things out, and return the number of files."""
    return _faces.carry_out(request, on_progress)


@takes(Ingest)
def ingest(request: Ingest, on_progress: Progress = _quiet) -> IngestSummary:
    """Append pairs of photographs to a training stack, which is created if absent."""
    return _ingest.carry_out(request, on_progress)


@takes(Tune)
def tune(request: Tune, on_progress: Progress = _quiet) -> Tuning:
    """Try combinations of options on people left out, and write the best as a configuration for `train`."""
    return _tune.carry_out(request, on_progress)


@takes(Train)
def train(request: Train, on_progress: Progress = _quiet) -> TrainingResult:
    """Train a model tile by tile and publish it as the next version; continues an interrupted run."""
    return _train.carry_out(request, on_progress)


@takes(Evaluate)
def evaluate(request: Evaluate, on_progress: Progress = _quiet) -> Evaluation:
    """Measure a version on held-out people, beside two baselines that need no model."""
    return _evaluate.carry_out(request, on_progress)


@takes(Synthesize)
def synthesize(request: Synthesize, on_progress: Progress = _quiet) -> SynthesisSummary:
    """Put expressions on a folder of photographs; of images in memory, `open(...).synthesize` does."""
    return _synthesize.carry_out(request, on_progress)


@takes(Report)
def write_report(request: Report, on_progress: Progress = _quiet) -> WrittenReport:
    """Write one HTML file with faces, errors and maps of a version."""
    return _report.carry_out(request, on_progress)


@takes(Export)
def export(request: Export) -> Exported:
    """Write a version for other programs: a page, ONNX, or the papers' files."""
    return _export.carry_out(request)


@takes(Import)
def import_weights(request: Import) -> Imported:
    """Publish weights that other programs found as the next version of a model."""
    return import_files(request.paths(), request.store, request.name, request.said())


@takes(Promote)
def promote(request: Promote) -> None:
    """Let an alias point at a version."""
    WeightStore(request.store).aliases(request.name).promote(request.version, request.alias, note=request.note)


@takes(Rollback)
def rollback(request: Rollback) -> int:
    """Let an alias point at the version it had before, and return its number."""
    return WeightStore(request.store).aliases(request.name).rollback(request.alias).version


def open(store: str, reference: str, *, memory: int = WEIGHT_MEMORY, threads: int = 1) -> LoadedVersion:
    """Return a version ready to put expressions on images in memory.

    `store` is a folder or s3://bucket/prefix; `reference` is "london", "london@3" or "london@production"; `memory` are
    the bytes of weights that are kept, `threads` how many share the work. Raises NotFoundError, a StorageError, for
    what is not there.
    """
    return LoadedVersion(WeightStore(store).open(reference), memory=memory, threads=threads)
