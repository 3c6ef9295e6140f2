"""A folder of outputs that is there already: what is kept, what is made again, and what is not ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.images.encode import encode
from fesdist.inference.manifest import FolderManifest
from fesdist.inference.record import Record
from fesdist.inference.settings import OutputFormat, SynthesisSettings
from tests.fesdist.inference.conftest import Publish
from tests.fesdist.inference.made import folder_made, records


def test_what_was_done_is_not_done_again(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    out, store = tmp_path / "out", publish().store
    folder_made(photographs, out, store, "london")
    (out / "smiling" / "a.png").unlink()
    encode(photographs / "sub" / "b.png", np.zeros((3, 24, 20), np.uint8))
    again = folder_made(photographs, out, store, "london")
    assert (again.done, again.unchanged) == (2, 1)
    assert (out / "smiling" / "a.png").is_file()


def test_damaged_outputs_are_made_again(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    out, store = tmp_path / "out", publish().store
    folder_made(photographs, out, store, "london")
    whole = {path: path.read_bytes() for path in (out / "smiling").rglob("*.png")}
    empty, torn, _ = whole
    empty.write_bytes(b"")
    torn.write_bytes(whole[torn][:-1])
    again = folder_made(photographs, out, store, "london")
    assert (again.done, again.unchanged) == (2, 1)
    assert {path: path.read_bytes() for path in whole} == whole


def test_only_expressions_that_are_lacking_are_made(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    out, store = tmp_path / "out", publish(expressions=("sad", "smiling")).store
    folder_made(photographs, out, store, "london", expressions=["sad"])
    assert not (out / "smiling").exists()
    assert folder_made(photographs, out, store, "london").n_outputs == 3
    assert folder_made(photographs, out, store, "london").unchanged == 3


@pytest.mark.parametrize("settings", [SynthesisSettings(refine="papers"), SynthesisSettings(intensity=2)])
def test_other_settings_make_everything_again(
    publish: Publish, photographs: Path, tmp_path: Path, settings: SynthesisSettings
) -> None:
    store = publish().store
    folder_made(photographs, tmp_path / "out", store, "london")
    assert folder_made(photographs, tmp_path / "out", store, "london", settings=settings).done == 3


def test_a_new_version_and_force_make_everything_again(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    store = publish().store
    folder_made(photographs, tmp_path / "out", store, "london")
    forced = SynthesisSettings(force=True)
    assert folder_made(photographs, tmp_path / "out", store, "london", settings=forced).done == 3
    publish(seed=1)
    assert folder_made(photographs, tmp_path / "out", store, "london").done == 3


def test_outputs_below_the_photographs_are_never_inputs(publish: Publish, photographs: Path) -> None:
    store = publish().store
    folder_made(photographs, photographs / "out", store, "london")
    assert folder_made(photographs, photographs / "out", store, "london").unchanged == 3


def test_files_that_no_run_has_written_are_never_replaced(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    precious = tmp_path / "out" / "smiling" / "a.png"
    precious.parent.mkdir(parents=True)
    precious.write_bytes(b"a photograph")
    with pytest.raises(BadParameterError, match=r"a\.png is there already and was not made by a run .*choose another"):
        folder_made(photographs, tmp_path / "out", publish().store, "london")
    assert precious.read_bytes() == b"a photograph"
    assert not (tmp_path / "out" / "manifest.jsonl").exists()


def test_outputs_among_the_photographs_are_not_photographs(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    store = publish().store
    folder_made(photographs, photographs / "smiles", store, "london")
    summary = folder_made(photographs, tmp_path / "out", store, "london")
    assert (summary.done, dict(summary.left_out)) == (3, {"smiles/": "outputs of another run"})


def test_images_made_otherwise_in_the_same_folder_are_told(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    store, out = publish().store, tmp_path / "out"
    assert folder_made(photographs, out, store, "london").made_otherwise == ()
    stronger = SynthesisSettings(intensity=1.2)
    alone = folder_made(photographs / "a.png", out, store, "london", settings=stronger)
    assert alone.made_otherwise == ("london@1",)
    assert folder_made(photographs, out, store, "london", settings=stronger).made_otherwise == ()


def test_what_a_killed_run_has_replaced_is_not_taken_for_what_was_there(
    publish: Publish, photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All bitmaps of a size have as many bytes, so that these cannot tell."""
    encode(photographs / "c.bmp", np.random.default_rng(0).integers(0, 256, (3, 24, 20), np.uint8))
    out, store = tmp_path / "out", publish().store
    same = SynthesisSettings(output_format=OutputFormat.SAME)
    folder_made(photographs, out, store, "london", settings=same)
    whole = {path: path.read_bytes() for path in (out / "smiling").rglob("*.*")}

    stronger = replace(same, intensity=1.5)
    with monkeypatch.context() as patched:
        patched.setattr(FolderManifest, "append", _killed)
        with pytest.raises(KeyboardInterrupt):
            folder_made(photographs, out, store, "london", settings=stronger)
    assert (out / "smiling" / "c.bmp").read_bytes() != whole[out / "smiling" / "c.bmp"]
    again = folder_made(photographs, out, store, "london", settings=same)
    assert (again.done, again.unchanged, again.there, again.unrecorded) == (4, 0, 0, 4)
    assert {path: path.read_bytes() for path in whole} == whole
    assert {line["status"] for line in records(out).values()} == {"ok"}


def test_what_a_killed_run_has_not_recorded_is_told_as_such(
    publish: Publish, photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, store = tmp_path / "out", publish().store
    with monkeypatch.context() as patched:
        patched.setattr(FolderManifest, "append", _killed)
        with pytest.raises(KeyboardInterrupt):
            folder_made(photographs, out, store, "london")
    assert len(list((out / "smiling").rglob("*.png"))) == 3
    again = folder_made(photographs, out, store, "london")
    assert (again.done, again.there, again.unrecorded) == (3, 0, 3)
    stronger = folder_made(photographs, out, store, "london", settings=SynthesisSettings(intensity=1.5))
    assert (stronger.there, stronger.unrecorded) == (3, 0)


def test_what_is_repeated_as_asked_is_nothing_to_tell(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    store, forced = publish().store, SynthesisSettings(force=True)
    folder_made(photographs, tmp_path / "out", store, "london")
    again = folder_made(photographs, tmp_path / "out", store, "london", settings=forced)
    assert (again.done, again.there, again.unrecorded) == (3, 0, 0)


def _killed(manifest: FolderManifest, record: Record) -> None:
    """Stand in the place of `FolderManifest.append` for a run that ends before it has recorded anything."""
    raise KeyboardInterrupt


def test_what_a_killed_run_left_is_gone_after_the_next(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    leftover = tmp_path / "out/smiling/sub/.00112233445566ff.partial"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    folder_made(photographs, tmp_path / "out", publish().store, "london")
    assert sorted(file.name for file in leftover.parent.iterdir()) == ["b.png"]
