"""Which photographs of a folder belong together: the same person, by file name, with different expressions."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fesdist.ground.counting import counted
from fesdist.ground.errors import BadParameterError, PairingError
from fesdist.ground.letters import composed
from fesdist.images.formats import SUFFIXES
from fesdist.images.listing import NOTHING_EXCLUDED, Exclusion, mentioned

_LONGEST_ID = 200


@dataclass(frozen=True)
class Layout:
    """How a folder of pairs is read."""

    target_name: str = "target"
    """The expression in trainB and testB."""
    subject_pattern: str | None = None
    """A regular expression whose group "subject", or else the first, finds the subject in a file's stem."""
    exclusion: Exclusion = NOTHING_EXCLUDED


USUAL_LAYOUT = Layout()


@dataclass(frozen=True)
class Skipped:
    """A file, or the folder in its place, that was not used."""

    path: Path
    reason: str
    is_folder: bool = False


@dataclass(frozen=True)
class Person:
    """The photographs of one person."""

    id: str
    files: Mapping[str, Path]
    """By expression; the input expression is among them, and at least one other."""


@dataclass(frozen=True)
class Pairs:
    """What a folder offers for training."""

    people: tuple[Person, ...]
    """Ascending by id."""
    holdout: frozenset[str] | None
    """Ids in testA and testB, or None where the folder does not say who is held out."""
    without_input: tuple[str, ...]
    """Ids of people without a photograph of the input expression."""
    without_target: tuple[str, ...]
    """Ids of people with nothing but the input expression."""
    ignored: tuple[Skipped, ...]

    @property
    def expressions(self) -> tuple[str, ...]:
        """Return all expressions of `people`, sorted."""
        return tuple(sorted({name for person in self.people for name in person.files}))

    @property
    def missing(self) -> dict[str, tuple[str, ...]]:
        """Return, for each expression that somebody in `people` lacks, the ids of those who do."""
        lacking = {
            name: tuple(person.id for person in self.people if name not in person.files) for name in self.expressions
        }
        return {name: ids for name, ids in lacking.items() if ids}


@dataclass
class _Found:
    """Photographs seen so far: by subject id, then by expression."""

    files: dict[str, dict[str, Path]] = field(default_factory=dict)
    ignored: list[Skipped] = field(default_factory=list)

    def add(self, subject: str, expression: str, path: Path) -> None:
        other = self.files.setdefault(subject, {}).setdefault(expression, path)
        if other != path:
            raise PairingError(
                f"two photographs of subject {subject!r} with expression {expression!r}: {other} and {path};"
                " expected one: remove or rename one of them, or give a --subject-pattern that tells them apart"
            )


def find_pairs(source: Path, *, input_expression: str = "neutral", layout: Layout = USUAL_LAYOUT) -> Pairs:
    """Return the people in `source` who have the input expression and another one.

    Two layouts are understood. `<expression>/<subject>.<suffix>`; or, where there are folders trainA and trainB,
    the papers': A holds `input_expression`, B the layout's target, and people in testA and testB, if there are any, are
    held out. A stem that both train and test use means two people; the one in test gets the id `test-<stem>`.

    The subject is the file's stem, or what the layout's pattern finds in it. Hidden files are passed over; files that
    are no photographs, what is excluded and other programs' folders are listed in `ignored`.

    Raises `PairingError` when there is no pair, when two files claim the same subject and expression, or when
    `source` cannot be read; `BadParameterError` for an unusable pattern or target name.
    """
    if layout.target_name == input_expression:
        raise BadParameterError(
            f"input and target are both named {layout.target_name!r}: expected two different expressions"
        )
    reader = _Reader(source, _compiled(layout.subject_pattern), layout.exclusion)
    if not source.is_dir():
        raise PairingError(f"{source} is no folder; expected a folder of photographs")
    try:
        if (source / "trainA").is_dir() and (source / "trainB").is_dir():
            found, holdout = _papers_layout(reader, input_expression, layout.target_name)
        else:
            found, holdout = _expression_folders(reader), None
    except OSError as error:
        raise PairingError(f"{error.filename or source} cannot be read: {error.strerror}") from error

    ids = sorted(found.files)
    pairs = Pairs(
        people=tuple(Person(name, found.files[name]) for name in ids if {input_expression} < found.files[name].keys()),
        holdout=holdout,
        without_input=tuple(name for name in ids if input_expression not in found.files[name]),
        without_target=tuple(name for name in ids if found.files[name].keys() == {input_expression}),
        ignored=tuple(found.ignored),
    )
    if not pairs.people:
        raise _no_pairs(source, input_expression, found)
    return pairs


@dataclass(frozen=True)
class _Reader:
    """Reads the folders of a source."""

    source: Path
    pattern: re.Pattern[str] | None
    exclusion: Exclusion

    def entries(self, folder: Path, ignored: list[Skipped]) -> Iterator[Path]:
        """Yield what is in a folder, ascending; what is left out goes to `ignored`."""
        start = "" if folder == self.source else f"{folder.relative_to(self.source).as_posix()}/"
        for name in sorted(filter(mentioned, os.listdir(folder))):
            if reason := self.exclusion.reason(start + name):
                ignored.append(Skipped(folder / name, reason, (folder / name).is_dir()))
            else:
                yield folder / name

    def photographs(self, folder: Path, ignored: list[Skipped]) -> Iterator[tuple[str, Path]]:
        """Yield subject ids and files of a folder; whatever else lies there goes to `ignored`."""
        for path in self.entries(folder, ignored):
            if path.is_dir():
                ignored.append(Skipped(path, "a folder inside an expression's folder", is_folder=True))
            elif path.suffix.lower() not in SUFFIXES:
                ignored.append(Skipped(path, "its name does not end like an image's"))
            elif (subject := _subject(path.stem, self.pattern)) is None:
                ignored.append(Skipped(path, "the subject pattern does not match its name"))
            elif not (subject.isprintable() and 0 < len(subject) <= _LONGEST_ID):
                ignored.append(Skipped(path, f"a subject id has 1 to {_LONGEST_ID} printable characters"))
            else:
                yield subject, path


def _expression_folders(reader: _Reader) -> _Found:
    found = _Found()
    for entry in reader.entries(reader.source, found.ignored):
        if not entry.is_dir():
            found.ignored.append(Skipped(entry, "lies beside the expressions' folders"))
            continue
        for subject, path in reader.photographs(entry, found.ignored):
            found.add(subject, entry.name, path)
    return found


def _papers_layout(reader: _Reader, input_expression: str, target_name: str) -> tuple[_Found, frozenset[str] | None]:
    train, test = _Found(), _Found()
    expressions = {"A": input_expression, "B": target_name}
    for entry in reader.entries(reader.source, train.ignored):
        if entry.name not in ("trainA", "trainB", "testA", "testB"):
            train.ignored.append(Skipped(entry, "lies beside trainA and trainB", entry.is_dir()))
        elif entry.is_dir():
            found = train if entry.name.startswith("train") else test
            for subject, path in reader.photographs(entry, found.ignored):
                found.add(subject, expressions[entry.name[-1]], path)
    both = _Found(train.files, train.ignored + test.ignored)
    renamed = {subject: f"test-{subject}" if subject in train.files else subject for subject in test.files}
    for subject, files in test.files.items():
        for expression, path in files.items():
            both.add(renamed[subject], expression, path)
    return both, frozenset(renamed.values()) or None


def _subject(stem: str, pattern: re.Pattern[str] | None) -> str | None:
    stem = composed(stem)
    if pattern is None:
        return stem
    match = pattern.search(stem)
    return match["subject" if "subject" in pattern.groupindex else 1] if match else None


def _compiled(subject_pattern: str | None) -> re.Pattern[str] | None:
    if subject_pattern is None:
        return None
    try:
        pattern = re.compile(subject_pattern)
    except re.error as error:
        raise BadParameterError(f"subject pattern {subject_pattern!r} is no regular expression: {error}") from error
    if not pattern.groups:
        raise BadParameterError(
            f"subject pattern {subject_pattern!r} has no group; expected parentheses around the subject's id,"
            r" for instance '(\d+)_'"
        )
    return pattern


def _no_pairs(source: Path, input_expression: str, found: _Found) -> PairingError:
    count: dict[str, int] = {}
    for files in found.files.values():
        for expression in files:
            count[expression] = count.get(expression, 0) + 1
    seen = ", ".join(f"{name} ({counted(n, 'photograph')})" for name, n in sorted(count.items())) or "no photographs"
    if found.ignored:
        seen += f", and other files or folders ({len(found.ignored):,}), such as {found.ignored[0].path.name}"
    return PairingError(
        f"{source} holds no pairs: looked for {input_expression}/<subject>.<suffix> and the same subject in another"
        f" expression's folder, or for trainA and trainB; found {seen}. Put each expression in a folder of its own,"
        " name the input's folder with --input-expression, or give a --subject-pattern if file names differ in more"
        " than the subject"
    )
