"""A reader and a server that breaks off, stalls, sends on, or does not have it."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from saccadeworld.envs.sources import shard_reader
from saccadeworld.envs.sources.shard_reader import AHEAD, TRIES, read_ahead
from shard_files import send_all, serving

CONTENT = bytes(range(256)) * 5000


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shard_reader, "PAUSE", 0.001)
    monkeypatch.setattr(shard_reader, "TIMEOUT", 0.3)


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Six files on the server."""
    (tmp_path / "there").mkdir()
    for k in range(6):
        (tmp_path / "there" / f"{k}.tar").write_bytes(bytes([k]) + CONTENT)
    return tmp_path / "there"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def broken_off(times: int, version: str | None = '"v1"', ranges: bool = True):
    """Sends half of what is left, the first times that it is asked."""

    def answer(request: BaseHTTPRequestHandler, content: bytes, before: int) -> None:
        start = int(request.headers.get("Range", "bytes=0-")[6:-1]) if ranges else 0
        assert request.headers.get("If-Range") in (None, version)
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(content) - start))
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if version:
            request.send_header("ETag", version)
        request.end_headers()
        rest = content[start:]
        request.wfile.write(rest[: len(rest) // 2] if before < times else rest)

    return answer


def test_shards_come_in_order_and_go_again(there: Path, here: Path):
    with serving(there) as server:
        urls = [f"{server.address}/{k}.tar" for k in range(6)]
        for k, file in enumerate(read_ahead(urls, here)):
            assert file.read_bytes() == bytes([k]) + CONTENT
            assert len(list(here.iterdir())) <= AHEAD + 1
        assert sorted(server.asked) == [(f"/{k}.tar", None) for k in range(6)]
    assert list(here.iterdir()) == []


def test_those_here_are_used_where_they_are(there: Path, here: Path):
    with serving(there) as server:
        places = [str(there / "0.tar"), f"{server.address}/1.tar", str(there / "2.tar")]
        found = [(file.parent, file.read_bytes()[0]) for file in read_ahead(places, here)]
    assert found == [(there, 0), (here, 1), (there, 2)]
    assert (there / "0.tar").exists()


def test_shards_are_fetched_while_others_are_used(there: Path, here: Path):
    """As many as are ahead arrive without being asked for, and no more."""
    with serving(there) as server, closing(read_ahead([f"{server.address}/{k}.tar" for k in range(6)], here)) as files:
        next(files)
        until(lambda: len(server.asked) == AHEAD + 1)
        time.sleep(0.05)
        assert len(server.asked) == AHEAD + 1


def until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come to be")


@pytest.mark.parametrize(
    ("version", "ranges", "continued"), [('"v1"', True, True), ('"v1"', False, False), (None, True, False)]
)
def test_what_was_cut_off_is_gone_on_with(there: Path, here: Path, version: str | None, ranges: bool, continued: bool):
    """From where it was cut off, if the server can and says what version it sends; otherwise from the beginning."""
    with serving(there, broken_off(TRIES - 1, version, ranges)) as server:
        (content,) = [file.read_bytes() for file in read_ahead([f"{server.address}/3.tar"], here)]
        assert content == b"\3" + CONTENT
        starts = [int(asked[6:-1]) if asked else 0 for _, asked in server.asked]
    assert len(starts) == TRIES
    assert starts[0] == 0
    assert (starts == sorted(set(starts))) == continued


def test_after_so_many_tries_it_is_told(there: Path, here: Path):
    with serving(there, broken_off(TRIES)) as server:
        message = (
            rf"/1.tar could not be fetched in {TRIES} tries, .* ended after \d+ of \d+ bytes; what was read before"
        )
        with pytest.raises(OSError, match=message):
            list(read_ahead([f"{server.address}/1.tar"], here))
        assert len(server.asked) == TRIES


def test_a_silent_server_is_not_waited_for_long(there: Path, here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shard_reader, "TIMEOUT", 0.05)
    done = threading.Event()

    def stall(request: BaseHTTPRequestHandler, content: bytes, before: int) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[:10])
        done.wait(5)

    with serving(there, stall) as server:
        with pytest.raises(OSError, match=r"timed out after \d+ bytes"):
            list(read_ahead([f"{server.address}/1.tar"], here))
        done.set()


def refused(code: int):
    def answer(request: BaseHTTPRequestHandler, content: bytes, before: int) -> None:
        if before < 2:
            request.send_error(code)
        else:
            send_all(request, content, before)

    return answer


@pytest.mark.parametrize("code", [500, 503, 429])
def test_a_busy_server_is_asked_again(there: Path, here: Path, code: int):
    with serving(there, refused(code)) as server:
        assert len([*read_ahead([f"{server.address}/1.tar"], here)]) == 1
        assert len(server.asked) == 3


@pytest.mark.parametrize("code", [401, 403])
def test_one_that_refuses_is_not(there: Path, here: Path, code: int):
    with serving(there, refused(code)) as server:
        with pytest.raises(OSError, match=rf"/1.tar cannot be fetched: the server answers {code}"):
            list(read_ahead([f"{server.address}/1.tar"], here))
        assert len(server.asked) == 1


def test_a_shard_that_is_not_there(there: Path, here: Path):
    message = r"/7.tar cannot be fetched: the server answers 404"
    with serving(there) as server, pytest.raises(FileNotFoundError, match=message):
        list(read_ahead([f"{server.address}/{k}.tar" for k in (1, 7, 2)], here))


def test_nobody_there(here: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(OSError, match="Connection refused"):
        list(read_ahead([f"{address}/1.tar"], here))


def test_what_is_no_address(here: Path):
    with pytest.raises(ValueError, match=r"the shard http://127\.0\.0\.1:port/1\.tar is at no address: .*port"):
        list(read_ahead(["http://127.0.0.1:port/1.tar"], here))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/1.tar", "data:,x"])
def test_a_server_cannot_send_on_to_other_kinds_of_addresses(there: Path, here: Path, target: str):
    def send_on(request: BaseHTTPRequestHandler, content: bytes, before: int) -> None:
        request.send_response(302)
        request.send_header("Location", target)
        request.end_headers()

    with serving(there, send_on) as server, pytest.raises(OSError, match="shard"):
        list(read_ahead([f"{server.address}/1.tar"], here))


def test_a_full_disk_is_told_and_not_tried_again(
    there: Path, here: Path, files_of_at_most: Callable[[int], AbstractContextManager[None]]
):
    with serving(there) as server:
        with (
            files_of_at_most(5000),
            pytest.raises(OSError, match=r"the copy of .*/1.tar cannot be written, .*too large"),
        ):
            list(read_ahead([f"{server.address}/1.tar"], here))
        assert len(server.asked) == 1


def test_who_stops_reading_leaves_no_thread_behind(there: Path, here: Path):
    with serving(there) as server:
        with closing(read_ahead([f"{server.address}/{k}.tar" for k in range(6)], here)) as files:
            next(files)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("shard-reader")]
