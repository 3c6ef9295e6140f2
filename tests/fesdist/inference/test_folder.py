"""A folder of photographs: what is made of each, and how it is told."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import Cluster, ClusterSettings
from fesdist.ground.colour import Colour
from fesdist.images.decode import decode
from fesdist.images.encode import encode
from fesdist.images.resize import resize
from fesdist.inference import folder
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.settings import Detail, OutputFormat, OutputSize, SynthesisSettings
from tests.fesdist.images import icc
from tests.fesdist.inference.conftest import Publish
from tests.fesdist.inference.made import expected_pixels, folder_made, records
from tests.fesdist.shape.pictures import smooth_displacement


def test_every_expression_of_every_photograph_is_written(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    published = publish(expressions=("sad", "smiling"))
    summary = folder_made(photographs, tmp_path / "out", published.store, "london")
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
        folder_made(photographs, tmp_path / out, published.store, "london", settings=said)
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
    summary = folder_made(photos, tmp_path / "out", store, "london", settings=settings)
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
    folder_made(photos, tmp_path / "small", store, "london")
    with Image.open(tmp_path / "small" / "smiling" / "alpha.png") as made:
        assert (made.mode, made.size, made.info["icc_profile"]) == ("RGB", (20, 24), icc.p3())
        assert made.getexif()[ExifTags.Base.Artist] == "Anna"


def test_the_manifest_says_what_happened_to_every_file(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    (photographs / "notes.txt").touch()
    (photographs / "broken.png").write_bytes(b"\x89PNG no more")
    folder_made(photographs, tmp_path / "out", publish().store, "london")
    found: dict[str | None, dict[str, object]] = {**records(tmp_path / "out")}
    told = found.pop(None)
    assert (told["status"], told["version"]) == ("run", "london@1")
    assert [notice["text"] for notice in told["notices"]] == ["1 photograph failed", "1 file not named like images"]
    assert {name: record["status"] for name, record in found.items()} == {
        "a.png": "ok",
        "broken.png": "failed",
        "gray.png": "ok",
        "notes.txt": "skipped",
        "sub/b.png": "ok",
    }
    assert found["sub/b.png"]["outputs"] == {"smiling": "smiling/sub/b.png"}
    assert found["sub/b.png"]["version"] == "london@1"
    assert found["broken.png"]["reason"] == "the file begins like a PNG, but is damaged; expected a whole one"


def test_a_single_photograph_is_enough(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    folder_made(photographs / "a.png", tmp_path / "out", publish().store, "london@1")
    assert (tmp_path / "out" / "smiling" / "a.png").is_file()


def test_names_that_collide_become_two_files(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    encode(photographs / "a.bmp", np.zeros((3, 24, 20), np.uint8))
    folder_made(photographs, tmp_path / "out", publish().store, "london")
    names = {path.name for path in (tmp_path / "out" / "smiling").iterdir()}
    assert names == {"a.bmp.png", "a.png.png", "gray.png", "sub"}


def test_photographs_of_another_size_become_the_models(publish: Publish, tmp_path: Path) -> None:
    published = publish()
    large = np.random.default_rng(5).integers(0, 256, (3, 61, 47), dtype=np.uint8)
    encode(tmp_path / "photos" / "large.png", large)
    encode(tmp_path / "photos" / "small.png", resize(large, (24, 20)))
    folder_made(tmp_path / "photos", tmp_path / "out", published.store, "london")
    made = [decode(tmp_path / "out" / "smiling" / name) for name in ("large.png", "small.png")]
    assert made[0].shape == (3, 24, 20)
    assert np.array_equal(*made)


def test_at_the_photographs_size_its_detail_is_kept(publish: Publish, tmp_path: Path) -> None:
    store = publish(colour=Colour.PER_CHANNEL).store
    photograph = np.random.default_rng(5).integers(90, 160, (1, 61, 47), dtype=np.uint8)
    encode(tmp_path / "photos" / "a.png", photograph)
    settings = SynthesisSettings(output_size=OutputSize.INPUT, intensity=0)
    folder_made(tmp_path / "photos", tmp_path / "out", store, "london", settings=settings)
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
    folder_made(tmp_path / "photos", tmp_path / "out", publish().store, "london", settings=settings)
    made = list((tmp_path / "out" / "smiling").iterdir())
    assert {path.suffix for path in made} == endings
    assert all(decode(path).shape == (3, 24, 20) for path in made)


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

    def in_process(settings: ClusterSettings, on_progress: object) -> AbstractContextManager[Cluster]:
        opened.append(settings)
        return open_cluster(ClusterSettings(workers=0))

    monkeypatch.setattr(folder, "open_cluster", in_process)
    monkeypatch.setattr(folder, "SMALL_RUN", n_small)
    folder_made(photographs, tmp_path / "out", publish().store, "london", cluster=asked)
    assert [settings.workers for settings in opened] == [workers]


def test_progress_counts_photographs(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    folder_made(
        photographs,
        tmp_path / "out",
        publish().store,
        "london",
        on_progress=lambda done, total, _: seen.append((done, total)),
    )
    assert seen == [(0, 0), (3, 3)]  # the three of a batch at once


def test_detail_is_kept_where_the_model_foresaw_little(publish: Publish, tmp_path: Path) -> None:
    face = {"mse_x100": 0.9, "unchanged_mse_x100": 1.0}
    published = publish(image_shape=(32, 32), metrics={"expressions": {"smiling": {"face": face}}})
    image = np.random.default_rng(8).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    encode(tmp_path / "photos" / "a.png", image)
    made = {}
    for detail in Detail:
        out = tmp_path / detail
        folder_made(tmp_path / "photos", out, published.store, "london", settings=SynthesisSettings(detail=detail))
        made[detail] = decode(out / "smiling" / "a.png").astype(int)
    assert np.array_equal(made[Detail.AUTO], made[Detail.PHOTOGRAPH])
    assert not np.array_equal(made[Detail.AUTO], made[Detail.MODEL])
    mouth = slice(21, 24), slice(13, 19)
    differences = np.abs(made[Detail.PHOTOGRAPH] - made[Detail.MODEL])
    assert differences[:, *mouth].mean() < differences.mean() / 2
