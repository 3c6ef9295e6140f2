"""What fails in a folder of photographs fails alone; what would fail for all stops the run."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fesdist.cluster.settings import ClusterSettings
from fesdist.exports.source import Source
from fesdist.ground.errors import BadParameterError, ImageError
from fesdist.images.belongings import Belongings
from fesdist.images.decode import decode
from fesdist.images.encode import encode
from fesdist.inference import batch
from fesdist.inference.foreseen import foresee
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.prepared import FolderRequest
from fesdist.inference.settings import Light, SynthesisSettings
from storage.errors import CorruptChunkError, NoSpaceError, NotFoundError, StorageError
from tests.fesdist.cluster.servers import workers_of
from tests.fesdist.inference.conftest import Publish
from tests.fesdist.inference.made import expected_pixels, folder_made, records


def test_a_photograph_that_fails_stops_nothing_and_is_tried_again(
    publish: Publish, photographs: Path, tmp_path: Path
) -> None:
    store = publish().store
    (photographs / "empty.png").touch()
    first = folder_made(photographs, tmp_path / "out", store, "london")
    assert (first.done, [record.file.name for record in first.failed]) == (3, ["empty.png"])
    again = folder_made(photographs, tmp_path / "out", store, "london")
    assert (again.done, again.unchanged, len(again.failed)) == (0, 3, 1)
    assert again.failed[0].reason.startswith("the file is empty")


def test_a_folder_that_must_not_be_written_to_is_told(
    publish: Publish, photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = publish().store

    def refuse(path: Path, **options: bool) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match=r"cannot write to .*out: Read-only file system; choose a folder"):
        folder_made(photographs, tmp_path / "out", store, "london")


def test_a_flat_photograph_fails_alone_with_a_min_max_model(
    publish: Publish, photographs: Path, tmp_path: Path
) -> None:
    encode(photographs / "flat.png", np.full((3, 24, 20), 7, np.uint8))
    summary = folder_made(photographs, tmp_path / "out", publish(normalisation="min-max").store, "london")
    assert (summary.done, len(summary.failed)) == (3, 1)
    assert "the same value everywhere" in summary.failed[0].reason


def test_a_photograph_above_the_pixel_limit_fails_alone(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    encode(photographs / "large.png", np.zeros((3, 30, 30), np.uint8))
    settings = SynthesisSettings(pixel_limit=500)
    summary = folder_made(photographs, tmp_path / "out", publish().store, "london", settings=settings)
    assert [record.file.name for record in summary.failed] == ["large.png"]
    assert "900 pixels" in summary.failed[0].reason


def test_an_output_that_cannot_be_written_fails_alone(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "smiling" / "a.png").mkdir(parents=True)
    summary = folder_made(photographs, tmp_path / "out", publish().store, "london")
    assert (summary.done, [record.file.name for record in summary.failed]) == (2, ["a.png"])


def test_an_output_whose_name_is_too_long_fails_alone(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    (photographs / "a.png").rename(photographs / f"{'x' * 250}.png")
    settings, store = SynthesisSettings(name_pattern="{folder}/{stem}_{expression}{ending}"), publish().store
    for _ in range(2):  # also where an earlier run has left a manifest
        summary = folder_made(photographs, tmp_path / "out", store, "london", settings=settings)
        assert [record.file.name for record in summary.failed] == [f"{'x' * 250}.png"]
        assert "File name too long" in summary.failed[0].reason
        assert summary.done + summary.unchanged == 2
    (tmp_path / "other").mkdir()
    assert len(folder_made(photographs, tmp_path / "other", store, "london", settings=settings).failed) == 1


def test_unknown_names_are_refused_before_anything_is_made(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    store, out = publish().store, tmp_path / "out"
    with pytest.raises(BadParameterError, match="expression 'angry' is not in london@1; it has smiling"):
        folder_made(photographs, out, store, "london", expressions=["angry"])
    with pytest.raises(NotFoundError, match="paris"):
        folder_made(photographs, out, store, "paris")
    with pytest.raises(NotFoundError, match="london@7"):
        folder_made(photographs, out, store, "london@7")
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
        folder_made(photographs, tmp_path / "out", store, "london")
    assert decode(tmp_path / "out" / "smiling" / "a.png").shape == (3, 24, 20)
    monkeypatch.undo()
    assert folder_made(photographs, tmp_path / "out", store, "london").failed == []


def test_a_damaged_version_stops_the_run(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    store = publish().store
    (Path(store) / "london" / "data" / "draft-0" / "smiling" / "bias" / "c" / "0" / "0" / "0").write_bytes(b"")
    with pytest.raises(CorruptChunkError, match="smiling/bias/c/0/0/0"):
        folder_made(photographs, tmp_path / "out", store, "london")


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_no_photograph(publish: Publish, tmp_path: Path) -> None:
    published = publish()
    for number in range(200):
        image = np.random.default_rng(number).integers(0, 256, (3, 24, 20), dtype=np.uint8)
        encode(tmp_path / "photos" / f"{number}.png", image)
    killed: list[int] = []

    def kill_a_worker(done: float, *_: object) -> None:
        if done and not killed:
            workers = workers_of(os.getpid())
            killed.append(workers[0].pid)
            workers[0].kill()

    summary = folder_made(
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


def test_a_folder_of_outputs_named_like_an_image_is_refused(publish: Publish, photographs: Path) -> None:
    with pytest.raises(BadParameterError, match=r"b\.png is named like an image; expected a folder"):
        folder_made(photographs / "a.png", photographs.parent / "b.png", publish().store, "london")


def test_nothing_to_see_is_told_of_photographs_and_of_what_is_made_of_them(
    publish: Publish, photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rgba = np.zeros((24, 20, 4), np.uint8)
    rgba[..., :3] = np.random.default_rng(0).integers(0, 256, (24, 20, 3))
    Image.fromarray(rgba).save(photographs / "clear.png")
    published = publish()
    summary = folder_made(photographs, tmp_path / "out", published.store, "london")
    assert {record.file.name: record.blank for record in summary.blank} == {
        "clear.png": ("the photograph is white all over",)
    }
    (notice,) = summary.notices
    assert (notice.kind, notice.examples) == ("doubtful", {"clear.png": "the photograph is white all over"})
    monkeypatch.setattr(batch, "_outputs", lambda inputs, *_: np.zeros(inputs.shape, np.float32))
    dark = folder_made(photographs, tmp_path / "dark", published.store, "london")
    found = {record.file.name: record.blank for record in dark.blank}
    assert found["a.png"] == ("smiling is black all over",)
    assert found["clear.png"] == ("the photograph is white all over", "smiling is black all over")
    assert records(tmp_path / "out")["clear.png"]["blank"] == ["the photograph is white all over"]


def test_faces_that_the_light_has_spoilt_are_told_with_what_helps(publish: Publish, tmp_path: Path) -> None:
    photographs = tmp_path / "photographs"
    seen = np.random.default_rng(0).integers(100, 200, (24, 20, 3))
    for name, shown in (("good", seen), ("dark", seen // 4), ("burnt", np.minimum(2 * seen, 255))):
        photographs.mkdir(exist_ok=True)
        Image.fromarray(shown.astype(np.uint8)).save(photographs / f"{name}.png")
    still = folder_made(photographs, tmp_path / "still", publish().store, "london")
    assert {record.file.name: record.blank for record in still.blank} == {
        "dark.png": ("a face is too dark, and may get patches",),
        "burnt.png": ("a face is burnt out, and may get patches",),
    }
    shaped = publish(seed=1, displacement=np.zeros((2, 24, 20), np.float32)).store
    (notice,) = folder_made(photographs, tmp_path / "moved", shaped, "london@2").notices
    assert (notice.kind, notice.count) == ("doubtful", 2)
    assert notice.examples["dark.png"].endswith("; --texture 0 keeps its colours, and only moves it")
    # A version that knows in what light it learned shows dark faces to its model in that.
    lit = publish(seed=2, brightness=0.5).store
    assert [record.file.name for record in folder_made(photographs, tmp_path / "lit", lit, "london@3").blank] == [
        "burnt.png"
    ]
    settings = SynthesisSettings(light=Light.PHOTOGRAPH)
    unlit = folder_made(photographs, tmp_path / "unlit", lit, "london@3", settings=settings)
    assert {record.file.name: record.blank for record in unlit.blank} == {
        "dark.png": ("a face is too dark, and may get patches; --light auto shows it to the model in a better light",),
        "burnt.png": ("a face is burnt out, and may get patches",),
    }
    settings = SynthesisSettings(texture=0.0)
    assert folder_made(photographs, tmp_path / "kept", shaped, "london@2", settings=settings).notices == ()


def test_the_memory_of_a_run_decides_whether_its_weights_can_be_read(
    publish: Publish, photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = publish()
    request = FolderRequest(photographs, tmp_path / "out", published.store, "london")
    with pytest.raises(BadParameterError, match="allow 1 MiB more, half of which is for weights"):
        foresee(request, 1000)
    assert foresee(request, 1000 + (1 << 20)).n_images == 3
    # What is kept where nobody says anything is no limit for those who allow more.
    monkeypatch.setitem(LoadedVersion.__init__.__kwdefaults__, "memory", 1000)
    assert foresee(request, 1 << 20).n_images == 3
    settings = SynthesisSettings()
    assert Source.of(published.version, (), settings).read("smiling").name == "smiling"
