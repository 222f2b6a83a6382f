"""The web server of the page: on one machine's own loopback unless asked otherwise, and nothing but its own files."""

from __future__ import annotations

import ipaddress
import socket
import threading
import warnings
import webbrowser
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from nicegui import ui
from starlette.middleware.trustedhost import TrustedHostMiddleware

from ...envs.screen import has_screen

_OWN_NAMES = ["127.0.0.1", "localhost", "[::1]"]
_LEAVE = 1  # seconds in which pages that are open may say goodbye
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M2 16Q16 2 30 16Q16 30 2 16Z" fill="#fff" '
    'stroke="#0072b2" stroke-width="2"/><circle cx="16" cy="16" r="6" fill="#0072b2"/>'
    '<circle cx="16" cy="16" r="2.5" fill="#000"/></svg>'
)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 for any free one.

    Raises:
        ValueError: for a port that is none.
        OSError: for one that is taken, or a host that is not this machine, with the remedy.
    """
    if not 0 <= port < 2**16:
        raise ValueError(f"--port {port} is none; use 1 to 65535, or 0 for any that is free")
    try:
        return socket.create_server((host, port), family=_family(host))
    except OSError as error:
        raise OSError(
            f"--host {host} --port {port} cannot be listened to ({error.strerror or error}): another program may have "
            "the port; use --port 0 for any that is free, and --host 127.0.0.1 for this machine alone"
        ) from error


def address(listening: socket.socket) -> str:
    """Where a browser on this machine finds what listens there."""
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def is_own(listening: socket.socket) -> bool:
    """Whether nobody but this machine reaches it."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def serve(page: Callable[[], object], listening: socket.socket, *, browser: bool) -> None:
    """Serve a page, built anew for everyone who opens it, until Ctrl-C.

    Args:
        page: builds it with NiceGUI.
        listening: where.
        browser: whether to open it in a browser, where there is a screen.
    """
    app = FastAPI(openapi_url=None)
    if is_own(listening):  # a page elsewhere, whose name was made to point here, is not answered
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=_OWN_NAMES)
    ui.run_with(
        app,
        root=page,
        title="SaccadeWorld",
        favicon=_ICON,
        dark=None,
        tailwind=False,
        show_welcome_message=False,
    )
    # NiceGUI looks for its server among all objects there are, and some of PyTorch's warn when they are looked at.
    warnings.filterwarnings("ignore", message=".*torch.distributed.reduce_op")
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_LEAVE)
    if browser and has_screen():
        threading.Thread(target=webbrowser.open, args=(address(listening),), daemon=True).start()
    uvicorn.Server(config).run(sockets=[listening])


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
