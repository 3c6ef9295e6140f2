"""Photographs of any framing: faces are changed where they are, everything else stays, and records say where."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from fesdist.align import finding
from fesdist.align.crop import crop
from fesdist.align.face import Face
from fesdist.align.frame import Frame, drop_of, place
from fesdist.align.paste import put_back
from fesdist.align.points import COLUMNS, LIPS, read_points
from fesdist.ground.errors import BadParameterError
from fesdist.images.decode import decode
from fesdist.images.encode import encode
from fesdist.inference import batch
from fesdist.inference.intensities import unit_scale
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.recipe import Recipe
from fesdist.inference.settings import Alignment, OutputFormat, OutputSize, SynthesisSettings
from fesdist.inference.summary import SynthesisSummary
from fesdist.inference.sweep import LONGEST_SIDE
from tests.fesdist.inference.conftest import Publish, Published
from tests.fesdist.inference.made import folder_made
from tests.fesdist.shape.pictures import smooth_displacement

EYES = ((0.3, 0.4), (0.7, 0.4))
SHAPE = (24, 20)
BY_EYES = Frame(EYES)
FACES = ("40,50,80,56", "150.5,120,121,102")
"""The second one, which is smaller, stands on its head."""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).random((3, 160, 190))
    smooth = gaussian_filter(noise, (0, 3, 3))
    pixels = np.rint(60 + 130 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)
    encode(tmp_path / "photos/group/two.png", pixels)
    encode(tmp_path / "photos/nobody.png", pixels[:, ::-1].copy())
    lines = [f"file,{','.join(COLUMNS)}", *(f"group/two.png,{face}" for face in FACES)]
    (tmp_path / "points.csv").write_text("\n".join(lines))
    return tmp_path / "photos"


@pytest.fixture(autouse=True)
def no_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise BadParameterError("no detector is installed")

    monkeypatch.setattr(finding, "default_detector", absent)


@pytest.fixture
def published(publish: Publish) -> Published:
    return publish(displacement=smooth_displacement(SHAPE, 1.0).values)


def _settings(photos: Path, **others: object) -> SynthesisSettings:
    alignment = Alignment(points=read_points(photos.parent / "points.csv"), eyes=EYES)
    settings = SynthesisSettings(alignment=alignment, output_size=OutputSize.INPUT, output_format=OutputFormat.SAME)
    return replace(settings, **others)  # type: ignore[arg-type]


def _run(photos: Path, published: Published, settings: SynthesisSettings, out: str = "out") -> SynthesisSummary:
    return folder_made(photos, photos.parent / out, published.store, "london", settings=settings)


def _expected(photos: Path, published: Published, intensity: float = 1.0, frame: Frame = BY_EYES) -> NDArray[np.uint8]:
    pixels, loaded = decode(photos / "group/two.png"), LoadedVersion(published.version)
    original = pixels.copy()
    for face in read_points(photos.parent / "points.csv").of("group/two.png"):
        placement = place(face, frame, SHAPE, drop_of(face, frame, SHAPE))
        inputs = crop(original, placement, SHAPE)[None]
        outputs = loaded.synthesize(inputs, "smiling", intensity=intensity, detail=True)
        change = (outputs - unit_scale(loaded.moved(inputs, "smiling", intensity)))[0]
        put_back(pixels, placement, change, loaded.shapes.displacement(Recipe.of("smiling"), intensity))
    return pixels


def test_every_face_is_changed_where_it_is_and_nothing_else(photos: Path, published: Published) -> None:
    summary = _run(photos, published, _settings(photos))
    assert (summary.done, summary.n_faces, summary.n_outputs, summary.failed) == (1, 2, 1, [])
    made = decode(photos.parent / "out/smiling/group/two.png")
    assert np.array_equal(made, _expected(photos, published))
    assert not np.array_equal(made, decode(photos / "group/two.png"))


def test_colours_change_on_the_face_and_not_beside_it(
    photos: Path, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    outline = tuple((60 + 15 * np.cos(t), 60 + 20 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 36, endpoint=False))
    plain = Face(((45, 50), (75, 50)))
    detector = SimpleNamespace(name="one", faces=lambda _: (plain,))
    monkeypatch.setattr(finding, "default_detector", lambda: detector)
    published, before = publish(), decode(photos / "nobody.png")
    settings = replace(_settings(photos, regions=("face",)), alignment=Alignment(eyes=EYES))

    def changed(out: str, wanted: SynthesisSettings) -> NDArray[np.bool_]:
        _run(photos, published, wanted, out)
        return np.asarray((decode(photos.parent / out / "smiling/nobody.png") != before).any(axis=0))

    everywhere = changed("ellipse", settings)
    detector.faces = lambda _: (replace(plain, outline=outline),)
    within = changed("outline", settings)
    y, x = np.mgrid[: before.shape[1], : before.shape[2]] + 0.5
    radius = np.hypot((x - 60) / 15, (y - 60) / 20)
    # A pixel of this small model is four of the photograph's.
    assert everywhere[radius > 1.8].any()
    assert not within[radius > 1.8].any()
    assert within[radius < 0.9].mean() > 0.9
    assert changed("all", replace(settings, regions=()))[radius > 1.8].any()


def test_colours_arrive_where_the_face_moves_to(
    photos: Path, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A face whose lower half drops by three pixels of the model, out of its outline."""
    face = Face(((45, 50), (75, 50)), outline=((45, 40), (75, 40), (75, 70), (45, 70)))
    monkeypatch.setattr(finding, "default_detector", lambda: SimpleNamespace(name="one", faces=lambda _: (face,)))
    published = publish(displacement=np.stack([np.full(SHAPE, -3.0), np.zeros(SHAPE)]).astype(np.float32))
    settings = replace(_settings(photos, regions=("face",)), alignment=Alignment(eyes=EYES))
    _run(photos, published, settings, "whole")
    _run(photos, published, replace(settings, texture=0.0), "moved")
    whole, moved = (decode(photos.parent / out / "smiling/nobody.png") for out in ("whole", "moved"))
    coloured = np.flatnonzero((whole != moved).any(axis=(0, 2)))
    # The outline ends at 70, and fades over 6 pixels; 11 are dropped, and a pixel of the model is four.
    assert 76 + 4 < coloured.max() <= 70 + 6 + 12 + 8


def test_the_faces_of_a_crowd_are_made_as_many_at_a_time_as_fit_into_the_memory(
    photos: Path, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = []
    synthesize = LoadedVersion.synthesize

    def counted(loaded: LoadedVersion, inputs: NDArray[np.uint8], *args: Any, **options: Any) -> NDArray[np.float32]:
        at_once.append(len(inputs))
        return synthesize(loaded, inputs, *args, **options)

    monkeypatch.setattr(LoadedVersion, "synthesize", counted)
    monkeypatch.setattr(batch, "_BYTES_PER_RESCALED_VALUE", 1 << 40)
    _run(photos, published, _settings(photos))
    assert at_once == [1, 1]
    assert np.array_equal(decode(photos.parent / "out/smiling/group/two.png"), _expected(photos, published))


def test_who_has_no_face_is_named_and_no_failure(photos: Path, published: Published) -> None:
    summary = _run(photos, published, _settings(photos))
    (record,) = summary.faceless
    assert (record.file.name, record.status) == ("nobody.png", "skipped")
    assert "no face was found, and" in record.reason
    assert "mark its eyes" in record.reason


def test_records_say_where_faces_are(photos: Path, published: Published) -> None:
    _run(photos, published, _settings(photos))
    lines = map(json.loads, (photos.parent / "out/manifest.jsonl").read_text().splitlines())
    (record,) = (line for line in lines if line["input"] == "group/two.png")
    assert [face["eyes"] for face in record["faces"]] == [[[40, 50], [80, 56]], [[150.5, 120], [121, 102]]]
    turn, shift = (complex(*record["faces"][1][name]) for name in ("turn", "shift"))
    assert abs(turn * complex(0.3 * 20, 0.4 * 24) + shift - complex(150.5, 120)) < 0.01


def test_lips_come_to_those_of_a_version_that_has_a_place_for_them(photos: Path, publish: Publish) -> None:
    moves, frame = smooth_displacement(SHAPE, 1.0).values, Frame(EYES, (0.5, 0.75))
    published = publish(displacement=moves, placed={"eyes": EYES, "lips": frame.lips})
    table, (first, second) = photos.parent / "points.csv", FACES
    _run(photos, published, _settings(photos), "unmarked")
    by_eyes = _expected(photos, published)
    assert np.array_equal(decode(photos.parent / "unmarked/smiling/group/two.png"), by_eyes)
    table.write_text(f"file,{','.join(COLUMNS + LIPS)}\ngroup/two.png,{first},48,85,64,93\ngroup/two.png,{second},,,,")
    expected = _expected(photos, published, frame=frame)
    assert not np.array_equal(expected, by_eyes)
    _run(photos, published, _settings(photos))
    assert np.array_equal(decode(photos.parent / "out/smiling/group/two.png"), expected)
    lines = map(json.loads, (photos.parent / "out/manifest.jsonl").read_text().splitlines())
    (record,) = (line for line in lines if line["input"] == "group/two.png")
    turn, down, shift = (complex(*record["faces"][0][name]) for name in ("turn", "down", "shift"))
    assert abs(turn * 0.5 * 20 + down * 0.75 * 24 + shift - complex(56, 89)) < 0.02
    turn, down = (complex(*record["faces"][1][name]) for name in ("turn", "down"))
    assert down == 1j * turn


def test_what_is_done_is_not_done_again_unless_points_change(photos: Path, published: Published) -> None:
    _run(photos, published, _settings(photos))
    again = _run(photos, published, _settings(photos))
    assert (again.done, again.unchanged) == (0, 1)
    table = photos.parent / "points.csv"
    table.write_text(table.read_text().replace("40,50", "41,50"))
    assert _run(photos, published, _settings(photos)).done == 1


def test_a_table_that_marks_none_of_the_photographs_is_told(photos: Path, published: Published) -> None:
    assert _run(photos, published, _settings(photos)).unmarked == ""
    assert _run(photos, published, _settings(photos)).unmarked == "", "all are done, and one of them is marked"
    table = photos.parent / "points.csv"
    table.write_text(table.read_text().replace("group/two.png", "two.png"))
    summary = _run(photos, published, _settings(photos), "other")
    expected = f"{table} marks none of the photographs: they are named like nobody.png, there like two.png"
    assert expected in [notice.text for notice in summary.notices]


def test_one_face_is_written_at_the_models_size(photos: Path, published: Published) -> None:
    settings = _settings(photos)
    assert settings.alignment
    with pytest.raises(BadParameterError, match="choose the largest or a number with --face"):
        replace(settings, output_size=OutputSize.MODEL)
    alone = replace(settings, alignment=replace(settings.alignment, face="2"), output_size=OutputSize.MODEL)
    summary = _run(photos, published, alone)
    assert (summary.n_faces, summary.left_alone) == (1, 1)
    face = read_points(photos.parent / "points.csv").of("group/two.png")[1]
    inputs = crop(decode(photos / "group/two.png"), place(face, Frame(EYES), SHAPE), SHAPE)[None]
    expected = LoadedVersion(published.version).synthesize(inputs, "smiling", detail=True)[0]
    made = decode(photos.parent / "out/smiling/group/two.png")
    assert np.abs(made - 255 * expected).max() <= 0.501


def test_parts_of_a_face_lie_about_the_eyes_that_are_said_where_a_version_says_none(
    photos: Path, publish: Publish
) -> None:
    low, settings = ((0.2, 0.7), (0.8, 0.7)), _settings(photos, regions=("eyes",))
    assert settings.alignment
    alignment = replace(settings.alignment, eyes=low, face="largest")
    _run(photos, publish(image_shape=(96, 96)), replace(settings, alignment=alignment))
    changed = (decode(photos.parent / "out/smiling/group/two.png") != decode(photos / "group/two.png")).any(axis=0)
    face = read_points(photos.parent / "points.csv").of("group/two.png")[0]
    placement = place(face, Frame(low), (96, 96))
    for x, y in low:
        for at, expected in ((96 * y, True), (96 * 0.36, False)):
            right, down = placement.in_photograph(np.array(96 * x), np.array(at))
            assert changed[int(down + placement.shift.imag), int(right + placement.shift.real)] == expected


def test_nobody_knows_where_eyes_are(photos: Path, published: Published) -> None:
    settings = _settings(photos)
    with pytest.raises(BadParameterError, match="london@1 does not say where eyes are"):
        _run(photos, published, replace(settings, alignment=replace(settings.alignment, eyes=None)))
    with pytest.raises(BadParameterError, match="no detector is installed"):
        _run(photos, published, replace(settings, alignment=replace(settings.alignment, points=None)))


def test_a_sweep_goes_there_and_back(photos: Path, published: Published) -> None:
    settings = _settings(photos, sweep=4, output_format=OutputFormat.PNG, intensity=1.2)
    _run(photos, published, settings)
    with Image.open(photos.parent / "out/smiling/group/two.png") as image:
        shown = []
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            shown.append(np.moveaxis(np.asarray(image.convert("RGB")), -1, 0))
    expected = [_expected(photos, published, intensity) for intensity in (0.0, 0.6, 1.2, 0.6)]
    assert np.array_equal(shown, expected)
    assert np.array_equal(shown[0], decode(photos / "group/two.png"))


def test_a_sweep_of_a_large_photograph_is_smaller_than_it(tmp_path: Path, published: Published) -> None:
    Image.effect_noise((2 * LONGEST_SIDE, 600), 60).convert("RGB").save(_folder(tmp_path) / "wide.png")
    (tmp_path / "points.csv").write_text(f"file,{','.join(COLUMNS)}\nwide,600,200,800,200\n")
    settings = _settings(tmp_path / "photos", sweep=2, output_format=OutputFormat.PNG)
    _run(tmp_path / "photos", published, settings)
    with Image.open(tmp_path / "out/smiling/wide.png") as image:
        assert image.size == (LONGEST_SIDE, 300)
        first = np.asarray(image.convert("RGB")).astype(int)
        image.seek(1)
        changed = np.abs(np.asarray(image.convert("RGB")) - first).max(axis=2) > 8
    rows, cols = np.nonzero(changed)
    # Eyes 100 pixels apart in the animation make a frame of 250 x 300, whose top is 20 above the picture.
    assert (cols.min() >= 225, cols.max() <= 475, rows.size > 1000) == (True, True, True)


def _folder(path: Path) -> Path:
    (path / "photos").mkdir()
    return path / "photos"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"sweep": 1}, "2 to 240"),
        ({"sweep": 12, "output_format": OutputFormat.JPEG}, "expected webp, gif, png"),
        ({"output_format": OutputFormat.GIF}, "give --sweep N"),
    ],
)
def test_what_cannot_move_or_only_moves_is_refused(said: dict[str, object], what: str) -> None:
    with pytest.raises(BadParameterError, match=what):
        SynthesisSettings(**said)  # type: ignore[arg-type]
