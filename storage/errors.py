"""Every error that the storage rooms raise: each says what was given, what was expected and what to do."""


class StorageError(Exception):
    """Base of all storage errors; the text is meant for the person at the keyboard."""


class BadNameError(StorageError):
    """A name that must not become part of a path."""


class NotFoundError(StorageError):
    """A stack, model, version, alias or array that does not exist."""


class AlreadyExistsError(StorageError):
    """Something immutable was about to be overwritten."""


class FormatError(StorageError):
    """Data in a newer or unknown format, or with parts missing."""


class NewerFormatError(FormatError):
    """Data that is in order, and that only a later release reads."""


class ChangedError(StorageError):
    """Images of a stack that were deleted or replaced while somebody read them."""


class CorruptChunkError(StorageError):
    """A chunk that is missing, or whose bytes do not match the checksum that its version keeps."""


class MismatchError(StorageError):
    """Shapes, types or regions that do not fit what is stored."""


class NoSpaceError(StorageError):
    """The disk, the quota or the bucket is full."""
