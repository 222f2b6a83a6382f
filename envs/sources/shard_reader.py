"""The background reader of shards: those on a web server are fetched, a few ahead, while others are being used."""

from __future__ import annotations

import http.client
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from .shards import URL

AHEAD = 2
"""Shards that are fetched at a time, while another is being used."""
TRIES = 5
TIMEOUT = 20.0
"""Seconds that a server may be silent."""
PAUSE = 1.0
"""Seconds before the second try; they double for each further one."""
_BLOCK = 2**20
_NOT_NOW = (408, 429)  # answers that may be others later, as those from 500 on may


def read_ahead(places: Sequence[str], folder: Path) -> Generator[Path, None, None]:
    """The files of shards, in order: of paths these; of URLs copies, which are there until the next is asked for.

    Args:
        places: paths and URLs.
        folder: where copies go, at most AHEAD + 1 at a time.

    Raises:
        FileNotFoundError: for a shard that the server does not have.
        OSError: for one that cannot be fetched in TRIES tries, or not be written, naming it.
    """
    stop = threading.Event()
    pool = ThreadPoolExecutor(AHEAD, thread_name_prefix="shard-reader")
    coming: deque[tuple[str, Future[None] | None, Path]] = deque()
    rest = enumerate(places)

    def ask(number: int, place: str) -> None:
        if URL.match(place):
            copy = folder / f"{number}.tar"
            coming.append((place, pool.submit(_fetch, place, copy, stop), copy))
        else:
            coming.append((place, None, Path(place)))

    try:
        for number, place in islice(rest, AHEAD):
            ask(number, place)
        while coming:
            _, fetched, file = coming.popleft()
            if fetched is not None:
                fetched.result()
            for number, place in islice(rest, 1):
                ask(number, place)
            yield file
            if fetched is not None:
                file.unlink()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


class _Broken(OSError):
    """What a server sent came to an end too early, or not at all."""


@dataclass(frozen=True)
class _Answer:
    """How a server answered: what it sends, how many bytes that are, if it says so, and by what it tells versions."""

    response: http.client.HTTPResponse
    continued: bool
    length: int | None
    version: str | None


def _fetch(url: str, copy: Path, stop: threading.Event) -> None:
    """Copy what is at a URL, going on where an earlier try was cut off if the server can."""
    version, reason = None, None
    for attempt in range(TRIES):
        if attempt and stop.wait(PAUSE * 2 ** (attempt - 1)):
            return  # nobody waits for it any more
        try:
            with copy.open("r+b" if version else "wb") as stream:
                start = stream.seek(0, 2)
                answer = _ask(url, start, version)
                version = answer.version
                if not answer.continued:
                    start = stream.seek(0)
                    stream.truncate()
                for block in _blocks(answer):
                    if stop.is_set():
                        return
                    stream.write(block)
            return
        except _Broken as error:
            reason = error
        except OSError as error:
            if error.errno is None:
                raise
            raise OSError(error.errno, f"the copy of {url} cannot be written, {copy}: {error.strerror}") from error
    raise OSError(
        f"the shard {url} could not be fetched in {TRIES} tries, the last of which ended with: {reason}; what was read "
        "before it is kept: start again to go on"
    )


def _ask(url: str, start: int, version: str | None) -> _Answer:
    """Ask for what is at a URL, from the byte `start` on if it is still that version."""
    headers = {"Range": f"bytes={start}-", "If-Range": version} if version and start else {}
    try:
        response = _OPENER.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code >= 500 or error.code in _NOT_NOW:
            raise _Broken(f"the server answers {error.code} {error.reason}") from error
        kind = FileNotFoundError if error.code in (404, 410) else OSError
        raise kind(f"the shard {url} cannot be fetched: the server answers {error.code} {error.reason}") from error
    except (http.client.InvalidURL, ValueError) as error:
        raise ValueError(f"the shard {url} is at no address: {error}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(getattr(error, "reason", None) or error) from error
    length = response.headers.get("Content-Length", "")
    return _Answer(
        response,
        response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {start}-"),
        int(length) if length.isdecimal() else None,
        response.headers.get("ETag") or response.headers.get("Last-Modified"),
    )


def _blocks(answer: _Answer) -> Iterator[bytes]:
    received = 0
    with answer.response as response:
        while True:
            try:
                block = response.read(_BLOCK)
            except (OSError, http.client.HTTPException) as error:
                raise _Broken(f"{type(error).__name__} {error} after {received} bytes") from error
            if not block:
                break
            received += len(block)
            yield block
    if answer.length is not None and received < answer.length:
        raise _Broken(f"the connection ended after {received} of {answer.length} bytes")


def _opener() -> urllib.request.OpenerDirector:
    """For http and https alone, also where a server sends on to other addresses."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


_OPENER = _opener()
