"""Places that tests store to: a file system that is soon full, and an imitation of S3 on the loopback."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUCKET = "faces"
KEYS = {
    "AWS_ALLOW_HTTP": "true",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
}
"""The variables with which the imitation is used, besides AWS_ENDPOINT_URL."""


@contextmanager
def mounted(folder: Path, n_bytes: int) -> Iterator[bool]:
    """Make a folder that is a file system of so many bytes; yield False where this account may not mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={n_bytes}", "tmpfs", str(folder)]
    made = os.geteuid() == 0 and _succeeds(command)
    try:
        yield made
    finally:
        if made:
            # Lazy: what was killed may have had a file open there an instant ago.
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@contextmanager
def s3_server() -> Iterator[str]:
    """Yield the address of an imitation of S3 that has the bucket BUCKET; raises ImportError without moto or boto3."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=endpoint, **keys).create_bucket(Bucket=BUCKET)
    try:
        yield endpoint
    finally:
        server.stop()
