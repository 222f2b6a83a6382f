import socket

import pytest
from saccadeworld.scripts.playing.server import address, is_own, listen


def test_a_free_port_is_found_and_named():
    with listen("127.0.0.1", 0) as one, listen("127.0.0.1", 0) as other:
        assert address(one) != address(other)
        assert address(one).startswith("http://127.0.0.1:")
        assert is_own(one)
        port = int(address(one).rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


def test_a_port_that_is_taken_is_refused_with_the_remedy():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"--port {port} cannot be listened to .*--port 0"):
            listen("127.0.0.1", port)


def test_what_is_no_port_is_refused():
    with pytest.raises(ValueError, match="--port 70000 is none"):
        listen("127.0.0.1", 70000)


def test_a_host_that_is_not_this_machine_is_refused():
    with pytest.raises(OSError, match=r"--host 192\.0\.2\.1 "):
        listen("192.0.2.1", 0)


def test_everybody_reaches_what_listens_everywhere():
    with listen("0.0.0.0", 0) as everywhere:
        assert not is_own(everywhere)
        assert address(everywhere).startswith("http://127.0.0.1:")
