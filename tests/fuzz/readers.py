"""What is read, and by whom: for each kind, files as fesdist or others write them, and all that reads them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image
from scipy.sparse import csr_array, save_npz

from fesdist.cluster.in_process import InProcessCluster
from fesdist.comparing.measurement import Measurement
from fesdist.evaluation.evaluate import evaluate
from fesdist.evaluation.scores import METHODS
from fesdist.exports.npz.csr import Rows, write_rows
from fesdist.exports.npz.label import MEMBER, Label
from fesdist.exports.npz.reading import Said, import_files
from fesdist.families.coded.pca import PrincipalComponents
from fesdist.ground.colour import Colour
from fesdist.images.belongings import Belongings
from fesdist.images.decode import decode, read_header
from fesdist.images.encode import encode
from fesdist.images.mask import read_mask
from fesdist.images.photograph import read_photograph
from fesdist.inference.manifest import open_manifest
from fesdist.inference.record import InputFile, Record
from fesdist.report.build import write_report
from fesdist.requests.toml import read_config, read_entrants, write_config
from fesdist.training.choice import Result, Score
from fesdist.training.job import CutJob, TrainingRequest
from fesdist.training.run import train
from fesdist.training.tile_report import TileReport
from fesdist.tuning.tuning import Tuning
from storage.datasets.draft import WeightDraft
from storage.datasets.store import WeightStore
from storage.stack.labels import label_faults
from storage.stack.reading import TrainingStack
from storage.stack.writer import StackWriter
from tests.fesdist.images import icc
from tests.fesdist.training.stacks import write_stack

GOLDEN = Path(__file__).parents[1] / "formats/v2"


@dataclass(frozen=True)
class Kind:
    """A kind of input: `make(folder)` writes undamaged files into a new folder, `read(folder)` reads all of them."""

    make: Callable[[Path], None]
    read: Callable[[Path], None]


def _golden(name: str) -> Callable[[Path], None]:
    return lambda folder: shutil.copytree(GOLDEN / name, folder, dirs_exist_ok=True) and None


def _read_stack(folder: Path) -> None:
    stack = TrainingStack.open(folder)
    rows, cols = (slice(0, min(8, length)) for length in stack.image_shape)
    for expression in stack.expressions:
        stack.read(expression, stack.samples(expression, "all"), rows, cols)
    stack.verify()
    label_faults(folder)
    stack.to_xarray().load()


def _append(folder: Path) -> None:
    with StackWriter.open(folder) as writer:
        writer.assign_holdout(0.5, None)


def _read_store(folder: Path) -> None:
    store = WeightStore(str(folder))
    for name in store.names():
        for manifest in store.readable_versions(name)[0]:
            version = store.open(manifest.reference)
            version.verify()
            version.to_xarray().load()
            list(store.evaluations(name, manifest.version))
        for key in ("a" * 16, "b" * 16):
            if (found := store.comparisons(name).get(key)) is not None:
                Measurement.from_record(found, f"comparison {key}")
        aliases = store.aliases(name)
        for alias in dict(aliases):
            aliases.readable_history(alias)
        store.deleted(name)
    store.drafts()


def _make_trained(folder: Path) -> None:
    """Write a store with a trained, evaluated and promoted version, and a stack beside it."""
    stack = str(write_stack(folder / "stack", side=24, people=6, expressions=("happy",)))
    store = WeightStore(str(folder / "weights"))
    request = TrainingRequest(stack, store.uri, "faces", PrincipalComponents(), tuning=_tuning().to_json())
    train(request, InProcessCluster(), memory=1 << 30)
    evaluate(stack, store.uri, "faces")
    store.aliases("faces").promote(1, "production")
    errors = {method: {"face": 1.0, "mouth": 1.0} for method in METHODS}
    measured = Measurement(1, 2, errors, 3, 4, 1.0, 0.1, 0)
    store.comparisons("faces").put("a" * 16, measured.to_record())


def _read_trained(folder: Path) -> None:
    _read_store(folder / "weights")
    out, stack = folder / "report.html", str(folder / "stack")
    write_report(str(folder / "weights"), "faces", out, stack_path=stack, people=1)


def _make_draft(folder: Path) -> None:
    """Write a store whose only run was interrupted when all was computed: receipts, notes, claims, arrays."""
    published = WeightDraft.publish
    try:
        WeightDraft.publish = _interrupted  # type: ignore[method-assign]
        _make_trained(folder)
    except KeyboardInterrupt:
        pass
    finally:
        WeightDraft.publish = published  # type: ignore[method-assign]
    (draft,) = (folder / "weights/faces/drafts").iterdir()
    (draft / "claims/elsewhere").mkdir(parents=True)
    (draft / "claims/elsewhere/claim.json").write_text('{"host": "h", "process": 1, "renewed": "2026-01-01T00:00:00Z"}')


def _interrupted(*_: object) -> int:
    raise KeyboardInterrupt


def _read_draft(folder: Path) -> None:
    store = WeightStore(str(folder / "weights"))
    for info in store.drafts():
        draft = store.open_draft(info.name, info.id)
        CutJob.of(draft)
        for key in draft.receipt_keys():
            draft.receipt(key, TileReport)
        for key in ("products-0000-000000", "solution-0000"):
            draft.notes.get(key)
    request = TrainingRequest(str(folder / "stack"), store.uri, "faces", PrincipalComponents(), tuning=None)
    train(request, InProcessCluster(), memory=1 << 30)
    store.clean()


def _tuning() -> Tuning:
    score = Score(0.5, 0.1)
    results = tuple(Result({"ridge": ridge}, {"happy": {"face": score, "mouth": score}}) for ridge in (0.1, 1.0, 10.0))
    ridges = ((0.1, 1.0), (1.0, 1.0))
    unchanged = Result({}, results[0].scores)
    found = Tuning("mr", "shared", "neutral", "/stack", "f" * 64, 6, 3, 1, False, "face", results, 1)
    return replace(found, ridge_map=ridges, unchanged=unchanged)


def _make_settings(folder: Path) -> None:
    write_config(folder / "tuned.toml", _tuning())
    (folder / "entrants.toml").write_text(
        '[models.mr-3]\nmodel = "mr"\nwindow = 3\nridge = 0.5\n[models.p]\nmodel = "pca"\n'
    )


def _read_settings(folder: Path) -> None:
    read_entrants(str(folder / "entrants.toml"))
    read_config(str(folder / "tuned.toml"))


def _make_photographs(folder: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 4), np.uint8)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Make] = 6, "Camera"
    had = {"exif": exif.tobytes(), "icc_profile": icc.p3(), "dpi": (300, 300), "xmp": b'<a tiff:Orientation="6"/>'}
    for suffix in ("png", "jpg", "webp", "tif", "avif", "bmp", "gif"):
        Image.fromarray(pixels[..., :3]).save(folder / f"face.{suffix}", **had)
    for suffix in ("png", "tif"):
        Image.fromarray(pixels).save(folder / f"alpha.{suffix}", **had)
    deep = Belongings("TIFF", exif=exif.tobytes()[6:], profile=icc.p3(), dpi=(300, 300))
    for suffix in ("png", "tif"):
        encode(folder / f"deep.{suffix}", pixels[..., :3].transpose(2, 0, 1).astype(np.uint16) * 257, deep)


def _read_photographs(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        read_header(path, pixel_limit=1_000_000)
        decode(path, pixel_limit=1_000_000)
        photograph = read_photograph(path, pixel_limit=1_000_000)
        with tempfile.TemporaryDirectory() as out:
            for suffix in (".png", ".tif", ".jpg"):
                encode(Path(out, f"a{suffix}"), photograph.fine, photograph.belongings)


def _make_masks(folder: Path) -> None:
    mask = np.eye(5, dtype=np.uint8)
    np.save(folder / "mask.npy", mask)
    np.savetxt(folder / "mask.txt", mask, "%d")
    Image.fromarray(255 * mask).save(folder / "mask.png")


def _read_masks(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        read_mask(path)


def _make_outputs(folder: Path) -> None:
    with open_manifest(folder) as manifest:
        for number in range(3):
            file = InputFile(f"{number}.png", 100, 5)
            outputs = {"happy": f"happy/{number}.png"}
            manifest.append(Record(file, "ok", settings="s", outputs=outputs, sizes={"happy": 4}))


def _read_outputs(folder: Path) -> None:
    with open_manifest(folder) as manifest:
        for number in range(3):
            manifest.intact_outputs(InputFile(f"{number}.png", 100, 5), "s")


def _make_weights(folder: Path) -> None:
    """Write weights as scipy does, packed and plain, and with what fesdist adds to them."""
    matrix = np.tril(np.full((35, 36), 0.1)) * (np.arange(36) % 7 == 0)
    parts = csr_array(matrix)
    label = Label(
        "a@1", "omp", {"n_nonzero": 6, "ridge": 0.4}, Colour.SHARED, 3, (5, 7), "sad", "neutral", "none", 0, 1
    )
    rows = Rows(parts.indptr, parts.indices, parts.data, {MEMBER: label.as_array()})
    (folder / "own.npz").write_bytes(write_rows(rows))
    save_npz(folder / "packed.npz", parts)
    save_npz(folder / "plain.npz", parts, compressed=False)


def _read_weights(folder: Path) -> None:
    for path in sorted(folder.glob("*.npz")):
        import_files([path], str(folder / "store"), "imported", Said(size=(5, 7)))


KINDS = {
    "stack uint8": Kind(_golden("stack-uint8"), _read_stack),
    "stack float64": Kind(_golden("stack-float64"), _read_stack),
    "stack appended to": Kind(_golden("stack-uint8"), _append),
    "store": Kind(_golden("weights"), _read_store),
    "trained version": Kind(_make_trained, _read_trained),
    "interrupted run": Kind(_make_draft, _read_draft),
    "configurations": Kind(_make_settings, _read_settings),
    "photographs": Kind(_make_photographs, _read_photographs),
    "masks": Kind(_make_masks, _read_masks),
    "weights to import": Kind(_make_weights, _read_weights),
    "manifest of outputs": Kind(_make_outputs, _read_outputs),
}
