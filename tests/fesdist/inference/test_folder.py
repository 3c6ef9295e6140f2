"""A folder of photographs: what is made, what is skipped, what fails, and what stops a run."""

from __future__ import annotations

import errno
import json
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from PIL import ExifTags, Image

from fesdist.cluster.connect import Cluster, ClusterSettings, open_cluster
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError, ImageError
from fesdist.images.belongings import Belongings
from fesdist.images.decode import decode
from fesdist.images.encode import encode
from fesdist.images.resize import resize
from fesdist.inference import batch, folder
from fesdist.inference.folder import synthesize_folder
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.settings import Detail, OutputFormat, OutputSize, SynthesisSettings
from storage.errors import CorruptChunkError, NoSpaceError, NotFoundError, StorageError
from tests.fesdist.images import icc
from tests.fesdist.inference.conftest import Publish, Published
from tests.fesdist.shape.pictures import smooth_displacement


def expected_pixels(published: Published, photograph: Path, expression: str = "smiling") -> np.ndarray:
    inputs = decode(photograph)[None]
    return np.rint(255 * np.clip(published.expected(inputs, expression), 0, 1))[0]


def records(out: Path) -> dict[str, dict[str, object]]:
    lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    return {line["input"]: line for line in lines}


def test_every_expression_of_every_photograph_is_written(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    published = publish(expressions=("sad", "smiling"))
    summary = synthesize_folder(photographs, tmp_path / "out", published.store, "london")
    assert (summary.done, summary.n_outputs, summary.failed) == (3, 6, [])
    for expression in ("sad", "smiling"):
        for name in ("a.png", "sub/b.png", "gray.png"):
            made = decode(tmp_path / "out" / expression / name)
            # A value that lies between two grey levels may be rounded to either in float32.
            assert np.abs(made - expected_pixels(published, photographs / name, expression)).max() <= 1


def test_a_shape_moves_photographs_at_their_own_size(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    published = publish(displacement=smooth_displacement((24, 20), 1.5).values)
    settings = SynthesisSettings(intensity=1.5, texture=0.5, detail=Detail.MODEL)
    large = replace(settings, output_size=OutputSize.INPUT)
    for out, said in (("model", settings), ("input", large)):
        synthesize_folder(photographs, tmp_path / out, published.store, "london", settings=said)
    loaded = LoadedVersion(published.version)
    for name in ("a.png", "gray.png"):
        made = {out: decode(tmp_path / out / "smiling" / name).astype(int) for out in ("model", "input")}
        inputs = decode(photographs / name)[None]
        expected = np.rint(255 * loaded.synthesize(inputs, "smiling", intensity=1.5, texture=0.5)[0])
        assert np.abs(made["model"] - expected).max() <= 1
        assert np.abs(made["input"] - expected).max() <= 1


def test_what_photographs_had_stays_to_the_bit(publish: Publish, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    pixels = np.random.default_rng(4).integers(0, 256, (30, 25, 4), dtype=np.uint8)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Artist] = 6, "Anna"
    options = {"exif": exif, "icc_profile": icc.p3(), "dpi": (300, 300)}
    Image.fromarray(pixels).save(photos / "alpha.png", **options)
    Image.fromarray(pixels[..., :3]).save(photos / "colours.tif", **options | {"exif": exif.tobytes()})
    deep = np.random.default_rng(5).integers(0, 65536, (30, 25, 3), dtype=np.uint16)
    assert cv2.imwrite(str(photos / "deep.png"), deep)
    settings = SynthesisSettings(output_size=OutputSize.INPUT, output_format=OutputFormat.SAME, intensity=0)
    store = publish().store
    summary = synthesize_folder(photos, tmp_path / "out", store, "london", settings=settings)
    assert summary.failed == []
    for name, before in {"alpha.png": pixels, "colours.tif": pixels[..., :3]}.items():
        with Image.open(tmp_path / "out" / "smiling" / name) as made:
            assert np.array_equal(np.asarray(made), np.rot90(before, -1))
            assert made.info["icc_profile"] == icc.p3()
            assert made.getexif()[ExifTags.Base.Artist] == "Anna"
            assert made.getexif().get(ExifTags.Base.Orientation, 1) == 1
            assert [round(float(value)) for value in made.info["dpi"]] == [300, 300]
    assert np.array_equal(cv2.imread(str(tmp_path / "out" / "smiling" / "deep.png"), cv2.IMREAD_UNCHANGED), deep)
    # At the model's size there is no place for alpha; the rest is there.
    synthesize_folder(photos, tmp_path / "small", store, "london")
    with Image.open(tmp_path / "small" / "smiling" / "alpha.png") as made:
        assert (made.mode, made.size, made.info["icc_profile"]) == ("RGB", (20, 24), icc.p3())
        assert made.getexif()[ExifTags.Base.Artist] == "Anna"


def test_the_manifest_says_what_happened_to_every_file(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    (photographs / "notes.txt").touch()
    (photographs / "broken.png").write_bytes(b"\x89PNG no more")
    synthesize_folder(photographs, tmp_path / "out", publish().store, "london")
    found = records(tmp_path / "out")
    assert {name: record["status"] for name, record in found.items()} == {
        "a.png": "ok",
        "broken.png": "failed",
        "gray.png": "ok",
        "notes.txt": "skipped",
        "sub/b.png": "ok",
    }
    assert found["sub/b.png"]["outputs"] == {"smiling": "smiling/sub/b.png"}
    assert found["sub/b.png"]["version"] == "london@1"
    assert "broken.png" in str(found["broken.png"]["reason"])


def test_a_photograph_that_fails_stops_nothing_and_is_tried_again(
    publish: Publish, photographs: Path, tmp_path: Path
) -> None:
    store = publish().store
    (photographs / "empty.png").touch()
    first = synthesize_folder(photographs, tmp_path / "out", store, "london")
    assert (first.done, [record.file.name for record in first.failed]) == (3, ["empty.png"])
    again = synthesize_folder(photographs, tmp_path / "out", store, "london")
    assert (again.done, again.unchanged, len(again.failed)) == (0, 3, 1)


def test_a_single_photograph_is_enough(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    synthesize_folder(photographs / "a.png", tmp_path / "out", publish().store, "london@1")
    assert (tmp_path / "out" / "smiling" / "a.png").is_file()


def test_what_was_done_is_not_done_again(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    out, store = tmp_path / "out", publish().store
    synthesize_folder(photographs, out, store, "london")
    (out / "smiling" / "a.png").unlink()
    encode(photographs / "sub" / "b.png", np.zeros((3, 24, 20), np.uint8))
    again = synthesize_folder(photographs, out, store, "london")
    assert (again.done, again.unchanged) == (2, 1)
    assert (out / "smiling" / "a.png").is_file()


def test_damaged_outputs_are_made_again(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    out, store = tmp_path / "out", publish().store
    synthesize_folder(photographs, out, store, "london")
    whole = {path: path.read_bytes() for path in (out / "smiling").rglob("*.png")}
    empty, torn, _ = whole
    empty.write_bytes(b"")
    torn.write_bytes(whole[torn][:-1])
    again = synthesize_folder(photographs, out, store, "london")
    assert (again.done, again.unchanged) == (2, 1)
    assert {path: path.read_bytes() for path in whole} == whole


def test_a_folder_that_must_not_be_written_to_is_told(
    publish: Publish, photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = publish().store

    def refuse(path: Path, **options: bool) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match=r"cannot write to .*out: Read-only file system; choose a folder"):
        synthesize_folder(photographs, tmp_path / "out", store, "london")


def test_only_expressions_that_are_lacking_are_made(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    out, store = tmp_path / "out", publish(expressions=("sad", "smiling")).store
    synthesize_folder(photographs, out, store, "london", expressions=["sad"])
    assert not (out / "smiling").exists()
    assert synthesize_folder(photographs, out, store, "london").n_outputs == 3
    assert synthesize_folder(photographs, out, store, "london").unchanged == 3


@pytest.mark.parametrize("settings", [SynthesisSettings(refine="papers"), SynthesisSettings(intensity=2)])
def test_other_settings_make_everything_again(
    publish: Publish, photographs: Path, tmp_path: Path, settings: SynthesisSettings
) -> None:
    store = publish().store
    synthesize_folder(photographs, tmp_path / "out", store, "london")
    assert synthesize_folder(photographs, tmp_path / "out", store, "london", settings=settings).done == 3


def test_a_new_version_and_force_make_everything_again(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    store = publish().store
    synthesize_folder(photographs, tmp_path / "out", store, "london")
    forced = SynthesisSettings(force=True)
    assert synthesize_folder(photographs, tmp_path / "out", store, "london", settings=forced).done == 3
    publish(seed=1)
    assert synthesize_folder(photographs, tmp_path / "out", store, "london").done == 3


def test_outputs_below_the_photographs_are_never_inputs(publish: Publish, photographs: Path) -> None:
    store = publish().store
    synthesize_folder(photographs, photographs / "out", store, "london")
    assert synthesize_folder(photographs, photographs / "out", store, "london").unchanged == 3


def test_names_that_collide_become_two_files(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    encode(photographs / "a.bmp", np.zeros((3, 24, 20), np.uint8))
    synthesize_folder(photographs, tmp_path / "out", publish().store, "london")
    names = {path.name for path in (tmp_path / "out" / "smiling").iterdir()}
    assert names == {"a.bmp.png", "a.png.png", "gray.png", "sub"}


def test_photographs_of_another_size_become_the_models(publish: Publish, tmp_path: Path) -> None:
    published = publish()
    large = np.random.default_rng(5).integers(0, 256, (3, 61, 47), dtype=np.uint8)
    encode(tmp_path / "photos" / "large.png", large)
    encode(tmp_path / "photos" / "small.png", resize(large, (24, 20)))
    synthesize_folder(tmp_path / "photos", tmp_path / "out", published.store, "london")
    made = [decode(tmp_path / "out" / "smiling" / name) for name in ("large.png", "small.png")]
    assert made[0].shape == (3, 24, 20)
    assert np.array_equal(*made)


def test_at_the_photographs_size_its_detail_is_kept(publish: Publish, tmp_path: Path) -> None:
    store = publish(colour=Colour.PER_CHANNEL).store
    photograph = np.random.default_rng(5).integers(90, 160, (1, 61, 47), dtype=np.uint8)
    encode(tmp_path / "photos" / "a.png", photograph)
    settings = SynthesisSettings(output_size=OutputSize.INPUT, intensity=0)
    synthesize_folder(tmp_path / "photos", tmp_path / "out", store, "london", settings=settings)
    made = decode(tmp_path / "out" / "smiling" / "a.png")
    assert np.array_equal(made, np.repeat(photograph, 3, axis=0))


@pytest.mark.parametrize(
    ("chosen", "endings"),
    [(OutputFormat.JPEG, {".jpg"}), (OutputFormat.WEBP, {".webp"}), (OutputFormat.SAME, {".png", ".tif"})],
)
def test_files_have_the_format_asked_for(
    publish: Publish, tmp_path: Path, chosen: OutputFormat, endings: set[str]
) -> None:
    for name in ("a.png", "b.tif"):
        encode(tmp_path / "photos" / name, np.zeros((3, 24, 20), np.uint8))
    settings = SynthesisSettings(output_format=chosen)
    synthesize_folder(tmp_path / "photos", tmp_path / "out", publish().store, "london", settings=settings)
    made = list((tmp_path / "out" / "smiling").iterdir())
    assert {path.suffix for path in made} == endings
    assert all(decode(path).shape == (3, 24, 20) for path in made)


def test_a_flat_photograph_fails_alone_with_a_min_max_model(
    publish: Publish, photographs: Path, tmp_path: Path
) -> None:
    encode(photographs / "flat.png", np.full((3, 24, 20), 7, np.uint8))
    summary = synthesize_folder(photographs, tmp_path / "out", publish(normalisation="min-max").store, "london")
    assert (summary.done, len(summary.failed)) == (3, 1)
    assert "the same value everywhere" in summary.failed[0].reason


def test_a_photograph_above_the_pixel_limit_fails_alone(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    encode(photographs / "large.png", np.zeros((3, 30, 30), np.uint8))
    settings = SynthesisSettings(pixel_limit=500)
    summary = synthesize_folder(photographs, tmp_path / "out", publish().store, "london", settings=settings)
    assert [record.file.name for record in summary.failed] == ["large.png"]
    assert "900 pixels" in summary.failed[0].reason


def test_an_output_that_cannot_be_written_fails_alone(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "smiling" / "a.png").mkdir(parents=True)
    summary = synthesize_folder(photographs, tmp_path / "out", publish().store, "london")
    assert (summary.done, [record.file.name for record in summary.failed]) == (2, ["a.png"])


@pytest.mark.parametrize(
    ("asked", "n_small", "workers"),
    [
        (ClusterSettings(), 3, 0),
        (ClusterSettings(), 2, None),
        (ClusterSettings(workers=1), 3, 1),
    ],
)
def test_few_photographs_start_no_cluster_unless_asked(
    publish: Publish,
    photographs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: ClusterSettings,
    n_small: int,
    workers: int | None,
) -> None:
    opened: list[ClusterSettings] = []

    def in_process(settings: ClusterSettings) -> AbstractContextManager[Cluster]:
        opened.append(settings)
        return open_cluster(ClusterSettings(workers=0))

    monkeypatch.setattr(folder, "open_cluster", in_process)
    monkeypatch.setattr(folder, "SMALL_RUN", n_small)
    synthesize_folder(photographs, tmp_path / "out", publish().store, "london", cluster=asked)
    assert [settings.workers for settings in opened] == [workers]


def test_progress_counts_photographs(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    synthesize_folder(
        photographs,
        tmp_path / "out",
        publish().store,
        "london",
        on_progress=lambda done, total, _: seen.append((done, total)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_unknown_names_are_refused_before_anything_is_made(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    store, out = publish().store, tmp_path / "out"
    with pytest.raises(BadParameterError, match="expression 'angry' is not in london@1; it has smiling"):
        synthesize_folder(photographs, out, store, "london", expressions=["angry"])
    with pytest.raises(NotFoundError, match="paris"):
        synthesize_folder(photographs, out, store, "paris")
    with pytest.raises(NotFoundError, match="london@7"):
        synthesize_folder(photographs, out, store, "london@7")
    assert not out.exists()


def test_a_full_disk_stops_the_run_and_keeps_what_is_done(
    publish: Publish, photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_for_b(path: Path, image: np.ndarray, belongings: Belongings) -> None:
        if path.name == "b.png":
            raise ImageError("cannot be written") from OSError(errno.ENOSPC, "No space left on device")
        encode(path, image)

    store = publish().store
    monkeypatch.setattr(batch, "encode", full_for_b)
    with pytest.raises(NoSpaceError, match=r"no space left to write .*b\.png; .* repeat the same command"):
        synthesize_folder(photographs, tmp_path / "out", store, "london")
    assert decode(tmp_path / "out" / "smiling" / "a.png").shape == (3, 24, 20)
    monkeypatch.undo()
    assert synthesize_folder(photographs, tmp_path / "out", store, "london").failed == []


def test_a_damaged_version_stops_the_run(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    store = publish().store
    (Path(store) / "london" / "data" / "draft-0" / "smiling" / "bias" / "c" / "0" / "0" / "0").write_bytes(b"")
    with pytest.raises(CorruptChunkError, match="smiling/bias/c/0/0/0"):
        synthesize_folder(photographs, tmp_path / "out", store, "london")


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_no_photograph(publish: Publish, tmp_path: Path) -> None:
    published = publish()
    for number in range(200):
        image = np.random.default_rng(number).integers(0, 256, (3, 24, 20), dtype=np.uint8)
        encode(tmp_path / "photos" / f"{number}.png", image)
    killed: list[int] = []

    def kill_a_worker(*_: object) -> None:
        if not killed:
            workers = [
                child
                for child in psutil.Process().children(recursive=True)
                if "multiprocessing.spawn" in " ".join(child.cmdline())
            ]
            killed.append(workers[0].pid)
            workers[0].kill()

    summary = synthesize_folder(
        tmp_path / "photos",
        tmp_path / "out",
        published.store,
        "london",
        cluster=ClusterSettings(workers=2),
        on_progress=kill_a_worker,
    )
    assert killed
    assert (summary.done, summary.failed) == (200, [])
    made = decode(tmp_path / "out" / "smiling" / "17.png")
    assert np.abs(made - expected_pixels(published, tmp_path / "photos" / "17.png")).max() <= 1
    assert len(records(tmp_path / "out")) == 200


def test_files_that_no_run_has_written_are_never_replaced(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    precious = tmp_path / "out" / "smiling" / "a.png"
    precious.parent.mkdir(parents=True)
    precious.write_bytes(b"a photograph")
    with pytest.raises(BadParameterError, match=r"a\.png is there already and was not made by a run .*choose another"):
        synthesize_folder(photographs, tmp_path / "out", publish().store, "london")
    assert precious.read_bytes() == b"a photograph"
    assert not (tmp_path / "out" / "manifest.jsonl").exists()


def test_detail_is_kept_where_the_model_foresaw_little(publish: Publish, tmp_path: Path) -> None:
    face = {"mse_x100": 0.9, "unchanged_mse_x100": 1.0}
    published = publish(image_shape=(32, 32), metrics={"expressions": {"smiling": {"face": face}}})
    image = np.random.default_rng(8).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    encode(tmp_path / "photos" / "a.png", image)
    made = {}
    for detail in Detail:
        out = tmp_path / detail
        synthesize_folder(
            tmp_path / "photos", out, published.store, "london", settings=SynthesisSettings(detail=detail)
        )
        made[detail] = decode(out / "smiling" / "a.png").astype(int)
    assert np.array_equal(made[Detail.AUTO], made[Detail.PHOTOGRAPH])
    assert not np.array_equal(made[Detail.AUTO], made[Detail.MODEL])
    mouth = slice(21, 24), slice(13, 19)
    differences = np.abs(made[Detail.PHOTOGRAPH] - made[Detail.MODEL])
    assert differences[:, *mouth].mean() < differences.mean() / 2


def test_outputs_among_the_photographs_are_not_photographs(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    store = publish().store
    synthesize_folder(photographs, photographs / "smiles", store, "london")
    summary = synthesize_folder(photographs, tmp_path / "out", store, "london")
    assert (summary.done, dict(summary.left_out)) == (3, {"smiles/": "outputs of another run"})


def test_images_made_otherwise_in_the_same_folder_are_told(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    store, out = publish().store, tmp_path / "out"
    assert synthesize_folder(photographs, out, store, "london").made_otherwise == ()
    stronger = SynthesisSettings(intensity=1.2)
    alone = synthesize_folder(photographs / "a.png", out, store, "london", settings=stronger)
    assert alone.made_otherwise == ("london@1",)
    assert synthesize_folder(photographs, out, store, "london", settings=stronger).made_otherwise == ()


def test_what_a_killed_run_left_is_gone_after_the_next(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    leftover = tmp_path / "out/smiling/sub/.00112233445566ff.partial"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    synthesize_folder(photographs, tmp_path / "out", publish().store, "london")
    assert sorted(file.name for file in leftover.parent.iterdir()) == ["b.png"]


def test_a_folder_of_outputs_named_like_an_image_is_refused(publish: Publish, photographs: Path) -> None:
    with pytest.raises(BadParameterError, match=r"b\.png is named like an image; expected a folder"):
        synthesize_folder(photographs / "a.png", photographs.parent / "b.png", publish().store, "london")
