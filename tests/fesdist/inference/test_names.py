"""Names of outputs by a pattern: what it may have, what comes out, what is refused."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.inference.names import DEFAULT_PATTERN, FIELDS, Naming, check_pattern

IMAGES = ("anna.jpg", "holidays/anna.jpg", "holidays/bo.png")
FOLDERS = (IMAGES[:1], IMAGES[1:])
FACTS = {"model": "london", "version": "3", "intensity": "1.3"}


def naming(expressions: list[str], pattern: str) -> Naming:
    return Naming(tuple(expressions), pattern, FACTS, lambda image: PurePosixPath(image).suffix)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (DEFAULT_PATTERN, ["sad/anna.jpg", "sad/holidays/anna.jpg", "sad/holidays/bo.png"]),
        ("{path}_{expression}{ending}", ["anna_sad.jpg", "holidays/anna_sad.jpg", "holidays/bo_sad.png"]),
        ("{folder}/{model}@{version}/{stem}{ending}", ["london@3/anna.jpg", "holidays/london@3/anna.jpg", None]),
        ("x{intensity}/{folder}/{stem}{ending}", ["x1.3/anna.jpg", "x1.3/holidays/anna.jpg", "x1.3/holidays/bo.png"]),
        ("{{{stem}}} {path}{ending}", ["{anna} anna.jpg", "{anna} holidays/anna.jpg", None]),
    ],
)
def test_names(pattern: str, expected: list[str | None]) -> None:
    check_pattern(pattern)
    names = {name: own for folder in FOLDERS for name, own in naming(["sad"], pattern).of(folder)}
    for image, name in zip(IMAGES, expected, strict=True):
        assert name is None or names[image] == {"sad": name}


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("{who}{ending}", r"has \{who\}; expected fields out of \{expression\}, \{path\}"),
        ("{}{ending}", r"has \{\}; expected fields"),
        ("{stem!r}{ending}", r"has \{stem!r\}"),
        ("{version:03}{ending}", r"has \{version:03\}"),
        ("{stem.upper}{ending}", r"has \{stem\.upper\}"),
        ("{stem{ending}", "cannot be read"),
        ("{stem}.png", r"does not end in \{ending\}"),
        ("{ending}", "expected a file below"),
        ("/tmp/{stem}{ending}", "would write '/tmp/anna.png'"),
        ("../{stem}{ending}", "would write '../anna.png'"),
    ],
)
def test_patterns_that_are_refused(pattern: str, words: str) -> None:
    with pytest.raises(BadParameterError, match=words):
        check_pattern(pattern)


def test_two_outputs_of_one_name_are_refused() -> None:
    with pytest.raises(
        BadParameterError, match=r"gives anna\.jpg to sad of anna\.jpg and to sad of holidays/anna\.jpg;"
    ):
        naming(["sad"], "{stem}{ending}").check(lambda: FOLDERS)
    with pytest.raises(BadParameterError, match=r"to happy of anna\.jpg and to sad of anna\.jpg; add \{expression\}"):
        naming(["happy", "sad"], "{path}{ending}").check(lambda: FOLDERS)
    with pytest.raises(BadParameterError, match="gives A"):
        naming(["sad"], "{stem}{ending}").check(lambda: [["a.png"], ["b/A.png"]])
    with pytest.raises(BadParameterError, match="gives Sad"):
        naming(["sad", "Sad"], DEFAULT_PATTERN).check(lambda: FOLDERS)


def test_of_patterns_that_tell_apart_no_name_is_looked_at() -> None:
    for pattern in (DEFAULT_PATTERN, "made/{path}/{expression}{ending}"):
        naming(["happy", "sad"], pattern).check(lambda: pytest.fail("asked"))


def test_every_field_is_known_to_names() -> None:
    pattern = "".join(f"{{{field}}}" for field in FIELDS if field != "ending") + "{ending}"
    (found,) = naming(["sad"], pattern).of(IMAGES[:1])
    assert found == ("anna.jpg", {"sad": "sadannaannalondon31.3.jpg"})
