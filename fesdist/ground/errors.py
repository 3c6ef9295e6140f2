"""Every error fesdist raises on purpose: each says what was given, what was expected and what to do."""


class FesdistError(Exception):
    """Base of all errors that a user can mend; the text is meant for the person at the keyboard."""


class BadParameterError(FesdistError):
    """A setting outside its limits or an unknown name."""


class ImageError(FesdistError):
    """A file that cannot be used as an image."""


class NoFaceError(ImageError):
    """A photograph without a face that was asked for."""


class UnlikeError(ImageError):
    """A photograph that does not lie as those do that a model learned from."""


class PairingError(FesdistError):
    """A folder of photographs in which no usable pairs were found."""


class PlanError(FesdistError):
    """A job that cannot fit the memory or the disk it was given."""


class ClusterError(FesdistError):
    """A scheduler or workers that do not answer, or do not fit together."""


class TileError(FesdistError):
    """Tiles, or other parts of a run, that kept failing or were lost; what was computed is kept."""
