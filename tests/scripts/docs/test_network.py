"""What a page would fetch from the network is found, and what it only links to is not."""

import pytest
from saccadeworld.scripts.docs.network import fetched


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://cdn.x.org/a.js"></script>',
        '<script async SRC=" //cdn.x.org/a.js">',
        '<img alt="a" src="http://cdn.x.org/a.js">',
        '<link rel="stylesheet" href="https://cdn.x.org/a.js">',
        '<link rel="preconnect" href="https://cdn.x.org/a.js">',
        '<iframe src="https://cdn.x.org/a.js"></iframe>',
        "<style>@import 'https://cdn.x.org/a.js';</style>",
        "<p style=\"background: url('https://cdn.x.org/a.js')\">",
        "<style>p { background: url(https://cdn.x.org/a.js) }</style>",
    ],
)
def test_what_is_fetched(page):
    (address,) = fetched(page)
    assert address.strip().endswith("//cdn.x.org/a.js")


def test_what_is_not():
    page = """<a href="https://arxiv.org/abs/2505.03176">paper</a> <img src="pictures/a.png">
    <link rel="canonical" href="https://x.org/"> <script src="assets/a.js"></script>
    <img src="data:image/png;base64,aGk="> <style>p { background: url(a.png) }</style> @import "https://x.org/a.css" """
    assert fetched(page) == []
