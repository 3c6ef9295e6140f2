"""Damaged inputs for every reader of documents and chunks: a clear error or an answer, in bounded memory and time."""
