"""What is left to do in a folder of photographs: found while the first of them are worked on."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

from fesdist.align.points import Points
from fesdist.ground.errors import BadParameterError
from fesdist.ground.files import remove_leftovers
from fesdist.images.listing import Exclusion
from fesdist.inference.manifest import FILE_NAME, FolderManifest
from fesdist.inference.names import Naming
from fesdist.inference.photographs import OutputPlaces, no_photographs, no_source
from fesdist.inference.record import InputFile, Record
from fesdist.inference.summary import SynthesisSummary
from fesdist.inference.underway import FolderJob, PhotographTask
from fesdist.inference.walking import Listing, walk

AHEAD = 1024
"""Photographs that are looked at before the first is worked on: a folder of fewer is refused before anything is made,
and its progress has a total from the beginning."""

Named = tuple[str, dict[str, str]]
"""A photograph, and the names of its outputs by expression."""


class Todo:
    """The photographs of a tree, or one file; with `only`, those that it names.

    Raises BadParameterError for a folder without photographs, and for outputs that would replace what no run has made.
    """

    def __init__(
        self,
        source: Path,
        job: FolderJob,
        naming: Naming,
        summary: SynthesisSummary,
        only: Collection[str] | None = None,
    ) -> None:
        self._source, self._job, self._naming, self._summary, self._only = source, job, naming, summary, only
        self._places = OutputPlaces(job.root, job.out)
        self._replaces = job.out.exists() and not (job.out / FILE_NAME).exists()
        self._others: list[str] = []
        self._marked = False
        self.n_found = 0
        """Photographs found so far."""
        self.n_tasks = 0
        """Of them, those that are to be worked on."""
        self.complete = False
        """Whether all were found."""
        if source.is_dir():
            naming.check(lambda: (listing.images for listing in self._listings(lambda *_: None)))
        self._rest = self._named()
        self._first = list(islice(self._rest, AHEAD))
        if not self._first and only is None:
            raise no_photographs(
                source,
                summary.others.n,
                summary.n_left_out + summary.n_excluded,
                {**summary.left_out, **summary.excluded},
            )

    def tasks(self, manifest: FolderManifest, points: Points | None, *, tidy: bool = True) -> Iterator[PhotographTask]:
        """Yield photographs with the outputs that they lack, and enter into `manifest` which files are no images.

        With `tidy`, what killed runs left in the folders of outputs is removed.
        """
        first, self._first = self._first, []
        # All of them at once, so that whoever asks for progress has a total.
        yield from list(self._lacking(first, manifest, points, tidy))
        yield from self._lacking(self._rest, manifest, points, tidy)
        # Of those that arrive one after the other the table may have others.
        if points and self._only is None and not self._marked:
            self._summary.unmarked = points.unlike(image for image, _ in first)

    def _lacking(
        self, named: Iterable[Named], manifest: FolderManifest, points: Points | None, tidy: bool
    ) -> Iterator[PhotographTask]:
        job = self._job
        for image, own in named:
            self._enter_others(manifest)
            for folder in self._places.take_new() if tidy else ():
                remove_leftovers(folder)
            file = InputFile.of(job.root, image)
            marked = points.of(image) if points else ()
            self._marked |= bool(marked)
            done = {} if job.settings.force else manifest.intact_outputs(file, job.digest)
            if lacking := {expression: name for expression, name in own.items() if done.get(expression) != name}:
                self.n_tasks += 1
                self._count_present(file, lacking.values(), manifest)
                yield PhotographTask(file, lacking, marked)
            else:
                self._summary.unchanged += 1
        self._enter_others(manifest)

    def _count_present(self, file: InputFile, names: Iterable[str], manifest: FolderManifest) -> None:
        """Count outputs that are there and will be replaced, by why."""
        present = [name for name in names if self._is_there(name)]
        otherwise = manifest.replaced(file, self._job.digest).intersection(present) if present else ()
        self._summary.there += len(otherwise)
        if not self._job.settings.force:
            self._summary.unrecorded += len(present) - len(otherwise)

    def _enter_others(self, manifest: FolderManifest) -> None:
        for other in self._others:
            file = InputFile.of(self._job.root, other)
            manifest.append_news(Record(file, "skipped", "its name does not end like an image's"))
        self._others.clear()

    def _named(self) -> Iterator[Named]:
        """Yield photographs with the names of their outputs, each checked before it is told."""
        for listing in self._listings(self._summary.leave_out):
            self._others += listing.others
            for other in listing.others:
                self._summary.others.append(other)
            images = listing.images if self._only is None else [name for name in listing.images if name in self._only]
            for image, own in self._naming.of(images):
                self._places.check(image, own.values())
                if self._replaces:
                    self._check_new(own.values())
                self.n_found += 1
                yield image, own
        self.complete = True

    def _listings(self, leave_out: Callable[[str, str], None]) -> Iterator[Listing]:
        if self._source.is_file():
            return iter([Listing([self._source.name])])
        if not self._source.is_dir():
            raise no_source(self._source)
        return walk(self._source, self._job.out, Exclusion(self._job.settings.exclude), leave_out)

    def _check_new(self, names: Collection[str]) -> None:
        """Raise BadParameterError if a first run into a folder would replace a file that no run has written."""
        out = self._job.out
        if (taken := next(filter(self._is_there, names), None)) is not None:
            raise BadParameterError(
                f"{out / taken} is there already and was not made by a run into {out}, which would replace it; choose "
                "another folder for the outputs"
            )

    def _is_there(self, name: str) -> bool:
        """Return whether there is an output of this name; where the disk has no such long ones, there is none."""
        return os.path.isfile(self._job.out / name)
