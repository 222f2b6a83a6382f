"""Shards as WebDataset lays them out, and a server that sends them, well or badly."""

import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def picture(number: int, side: int = 12) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)


def encoded(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def write_tar(path: Path, members: dict[str, bytes], form: int = tarfile.DEFAULT_FORMAT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=form) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def members_of(numbers: range) -> dict[str, bytes]:
    """Samples of three classes, told in JSON by every other."""
    members = {}
    for i in numbers:
        label = ("json", json.dumps({"label": i % 3}).encode()) if i % 2 else ("cls", str(i % 3).encode())
        members |= {f"{i:05d}.png": encoded(picture(i)), f"{i:05d}.{label[0]}": label[1], f"{i:05d}.txt": b"a caption"}
    return members


def write_shards(folder: Path, name: str = "train", shards: int = 3, each: int = 5) -> str:
    """Shards of numbered pictures; their pattern."""
    for k in range(shards):
        write_tar(folder / f"{name}-{k:03d}.tar", members_of(range(k * each, (k + 1) * each)))
    return f"{folder}/{name}-{{000..{shards - 1:03d}}}.tar"


Answer = Callable[[BaseHTTPRequestHandler, bytes, int], None]
"""Answers a request for a file, of which it is given the content and how often it was asked for before."""


def send_all(request: BaseHTTPRequestHandler, content: bytes, _: int) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


class Server(ThreadingHTTPServer):
    """Files of a folder on the loopback address.

    Attributes:
        asked: (path, Range header or None) of each request.
        answer: what answers those for files that are there.
    """

    daemon_threads = True

    def __init__(self, folder: Path, answer: Answer):
        self.folder, self.answer = folder, answer
        self.asked: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        before = sum(path == self.path for path, _ in self.server.asked)
        self.server.asked.append((self.path, self.headers.get("Range")))
        file = self.server.folder / self.path.lstrip("/")
        if file.is_file():
            self.server.answer(self, file.read_bytes(), before)
        else:
            self.send_error(404)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(folder: Path, answer: Answer = send_all) -> Iterator[Server]:
    with Server(folder, answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
