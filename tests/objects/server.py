"""A small object store in memory that speaks as S3, as Google's and as Azure's do, counts requests, and can be slow.

`python -m tests.objects.server --delay 0.02` serves until its standard input ends, and prints its address first.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from threading import Thread
from time import time
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from xxhash import xxh3_128_hexdigest

AZURE_ACCOUNT = "devstoreaccount1"
"""Azure's addresses begin with it, as those of Microsoft's own emulator do."""

_XML = '<?xml version="1.0" encoding="utf-8"?>'
_PAGE = 1000
"""Names in one answer to a listing."""


class Answer(NamedTuple):
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class ObjectServer:
    """The objects of some buckets, and what was asked for."""

    buckets: tuple[str, ...] = ("faces",)
    delay: float = 0.0
    """Seconds before each request is looked at."""
    requests: Counter[str] = field(default_factory=Counter)
    """Number of requests by method; listings are "LIST"."""
    refusal: Answer | None = None
    """What every request is answered with, if anything."""
    overwrites: bool = False
    """Whether conditions of PUT are ignored, as some stores and proxies do."""
    at_once: int = 0
    most_at_once: int = 0
    address: str = ""
    objects: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    """Bytes and time of writing by "bucket/key"."""
    _parts: dict[str, dict[str, bytes]] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                await asyncio.sleep(self.delay)
                answer = self.answer(method, target, headers, body)
                self.at_once -= 1
                length = len(answer.body)
                lines = [f"HTTP/1.1 {answer.status} -", *(f"{k}: {v}" for k, v in answer.headers)]
                if method != "HEAD" or not any(k == "content-length" for k, _ in answer.headers):
                    lines.append(f"content-length: {length}")
                writer.write("\r\n".join((*lines, "", "")).encode())
                writer.write(b"" if method == "HEAD" else answer.body)
                await writer.drain()
        writer.close()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Return the answer to one request."""
        split = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(split.query, keep_blank_values=True).items()}
        azure = split.path.startswith(f"/{AZURE_ACCOUNT}/")
        path = unquote(split.path.removeprefix(f"/{AZURE_ACCOUNT}")).lstrip("/")
        bucket = path.partition("/")[0]
        listing = method == "GET" and ("list-type" in query or query.get("comp") == "list")
        self.requests["LIST" if listing else method] += 1
        if self.refusal is not None:
            return self.refusal
        if bucket not in self.buckets:
            return _refused(404, "ContainerNotFound" if azure else "NoSuchBucket")
        if listing:
            return self._listed(bucket, query, azure)
        if method == "POST" and "delete" in query:
            return self._deleted(bucket, body)
        if query.get("comp") == "batch":
            return self._deleted_at_azure(body)
        if "uploads" in query or "uploadId" in query or query.get("comp") in ("block", "blocklist"):
            return self._in_parts(method, path, query, body)
        return self._one(method, path, headers, body, azure)

    def _one(self, method: str, path: str, headers: dict[str, str], body: bytes, azure: bool) -> Answer:
        if method == "PUT":
            only_new = headers.get("if-none-match") == "*" or headers.get("x-goog-if-generation-match") == "0"
            if only_new and path in self.objects and not self.overwrites:
                return _refused(409 if azure else 412, "BlobAlreadyExists" if azure else "PreconditionFailed")
            return self._put(path, body)
        if method == "DELETE":
            there = self.objects.pop(path, None) is not None
            return Answer(202 if azure else 204) if there or not azure else _refused(404, "BlobNotFound")
        if path not in self.objects:
            return _refused(404, "BlobNotFound" if azure else "NoSuchKey")
        data, when = self.objects[path]
        about = (("etag", f'"{_etag(data)}"'), ("last-modified", formatdate(when, usegmt=True)))
        if method == "HEAD":
            return Answer(200, headers=(*about, ("content-length", str(len(data)))))
        if wanted := headers.get("range") or headers.get("x-ms-range"):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            part = data[int(first) : int(last) + 1 if last else None]
            place = f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"
            return Answer(206, part, (*about, ("content-range", place)))
        return Answer(200, data, about)

    def _put(self, path: str, data: bytes) -> Answer:
        self.objects[path] = data, time()
        return Answer(200, b"", (("etag", f'"{_etag(data)}"'),))

    def _in_parts(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        """Keep the parts of an object until they are put together, in the order of S3's numbers or Azure's list."""
        tag = (("etag", f'"{_etag(body)}"'),)
        if method == "POST" and "uploads" in query:
            told = f"<UploadId>{len(self._parts)}</UploadId></InitiateMultipartUploadResult>"
            return Answer(200, f"{_XML}<InitiateMultipartUploadResult>{told}".encode())
        if method == "DELETE":
            self._parts.pop(path, None)
            return Answer(204)
        if "partNumber" in query:
            self._parts.setdefault(path, {})[query["partNumber"].zfill(5)] = body
            return Answer(200, b"", tag)
        if query.get("comp") == "block":
            self._parts.setdefault(path, {})[query["blockid"]] = body
            return Answer(201, b"", tag)
        parts = self._parts.pop(path)
        order = [part.partition("<")[0] for part in body.decode().split("<Uncommitted>")[1:]] or sorted(parts)
        self._put(path, b"".join(parts[part] for part in order))
        done = f'{_XML}<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>'
        return Answer(200 if "uploadId" in query else 201, done.encode(), tag)

    def _deleted(self, bucket: str, body: bytes) -> Answer:
        keys = [part.partition("</Key>")[0] for part in body.decode().split("<Key>")[1:]]
        for key in keys:
            self.objects.pop(f"{bucket}/{key}", None)
        told = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        return Answer(200, f"{_XML}<DeleteResult>{told}</DeleteResult>".encode())

    def _deleted_at_azure(self, body: bytes) -> Answer:
        parts = []
        for number, part in enumerate(body.decode().split("\r\nDELETE ")[1:]):
            path = unquote(urlsplit(part.partition(" ")[0]).path).lstrip("/").removeprefix(f"{AZURE_ACCOUNT}/")
            there = self.objects.pop(path, None) is not None
            parts.append(
                f"--batch\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\nHTTP/1.1 "
                + ("202 Accepted" if there else "404 BlobNotFound")
                + "\r\nx-ms-request-id: 1\r\n\r\n\r\n"
            )
        about = (("content-type", "multipart/mixed; boundary=batch"),)
        return Answer(202, "".join((*parts, "--batch--")).encode(), about)

    def _listed(self, bucket: str, query: dict[str, str], azure: bool) -> Answer:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = query.get("continuation-token") or query.get("marker") or query.get("start-after") or ""
        entries: dict[str, str | None] = {}
        for path in self.objects:
            key = path.removeprefix(f"{bucket}/")
            if key == path or not key.startswith(prefix):
                continue
            folder, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            entries[prefix + folder + cut if cut else key] = None if cut else path
        names = [name for name in sorted(entries) if name > after]
        shown = [(name, entries[name]) for name in names[:_PAGE]]
        more = names[_PAGE - 1] if len(names) > _PAGE else ""
        return Answer(200, (_azure_page if azure else _s3_page)(self, shown, more).encode())


def _s3_page(server: ObjectServer, shown: list[tuple[str, str | None]], more: str) -> str:
    parts = [f"{_XML}<ListBucketResult><IsTruncated>{'true' if more else 'false'}</IsTruncated>"]
    if more:
        parts.append(f"<NextContinuationToken>{escape(more)}</NextContinuationToken>")
    for name, path in shown:
        if path is None:
            parts.append(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>")
        else:
            data, _ = server.objects[path]
            parts.append(
                f"<Contents><Key>{escape(name)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                f'<ETag>"{_etag(data)}"</ETag><Size>{len(data)}</Size></Contents>'
            )
    return "".join((*parts, "</ListBucketResult>"))


def _azure_page(server: ObjectServer, shown: list[tuple[str, str | None]], more: str) -> str:
    parts = [f"{_XML}<EnumerationResults><Blobs>"]
    for name, path in shown:
        if path is None:
            parts.append(f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>")
        else:
            data, when = server.objects[path]
            parts.append(
                f"<Blob><Name>{escape(name)}</Name><Properties><Last-Modified>{formatdate(when, usegmt=True)}"
                f"</Last-Modified><Content-Length>{len(data)}</Content-Length><Content-Type>x</Content-Type>"
                f"<Etag>{_etag(data)}</Etag></Properties></Blob>"
            )
    return "".join((*parts, f"</Blobs><NextMarker>{escape(more)}</NextMarker></EnumerationResults>"))


def _refused(status: int, code: str) -> Answer:
    return Answer(status, f"{_XML}<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())


def _etag(data: bytes) -> str:
    return xxh3_128_hexdigest(data)


@contextmanager
def object_server(**facts: object) -> Iterator[ObjectServer]:
    """Yield a server on the loopback, in a thread of this process."""
    served, loop = ObjectServer(**facts), asyncio.new_event_loop()  # type: ignore[arg-type]

    async def start() -> asyncio.Server:
        return await asyncio.start_server(served.serve, "127.0.0.1", 0, limit=1 << 20)

    listening = loop.run_until_complete(start())
    served.address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def stop() -> None:
        listening.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    try:
        yield served
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def variables(address: str) -> dict[str, str]:
    """Return the environment with which the server at `address` is used as S3."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.objects.server", description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--bucket", default="faces")
    said = parser.parse_args()
    with object_server(delay=said.delay, buckets=(said.bucket,)) as served:
        print(served.address, flush=True)
        for line in sys.stdin:
            if line.strip() == "requests":
                print(sum(served.requests.values()), served.most_at_once, dict(served.requests), flush=True)


if __name__ == "__main__":
    main()
