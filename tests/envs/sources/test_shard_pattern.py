import pytest
from saccadeworld.envs.sources.shard_pattern import expand


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a.tar", "a.tar"),
        ("a-{8..11}.tar", "a-8.tar a-9.tar a-10.tar a-11.tar"),
        ("a-{008..010}.tar", "a-008.tar a-009.tar a-010.tar"),
        ("a-{8..010}", "a-008 a-009 a-010"),
        ("a-{0..1}", "a-0 a-1"),
        ("{a,b}-{0..1}", "a-0 a-1 b-0 b-1"),
        ("{t-{00..02},v-{0..1}}.tar", "t-00.tar t-01.tar t-02.tar v-0.tar v-1.tar"),
        ("x{,y}", "x xy"),
        ("http://h:80/{a,b}?x=1,2", "http://h:80/a?x=1,2 http://h:80/b?x=1,2"),
    ],
)
def test_braces_are_those_of_the_shell(pattern: str, expected: str):
    """As `bash -c 'echo PATTERN'` writes them."""
    assert expand(pattern) == expected.split(" ")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a-{0..3", "opens a brace that it does not close"),
        ("a-0..3}", "closes a brace that it does not open"),
        ("a-{0...3}", "is no range such as"),
        ("a-{x}", "is no range such as"),
        ("a-{3..0}", r"counts downwards: write \{0..3\}"),
        ("a-{0..999999999999}", "stands for 1000000000000 shards: use at most 100000"),
        ("{0..999}{0..999}", "stands for 1000000 shards"),
    ],
)
def test_other_braces_are_refused(pattern: str, message: str):
    with pytest.raises(ValueError, match=message):
        expand(pattern)


def test_webdataset_expands_alike():
    braceexpand = pytest.importorskip("braceexpand")
    for pattern in ("a-{000000..000146}.tar", "{train-{00..12},val-{0..3}}.tar", "{x,y/{1..2}}/{07..11}"):
        assert expand(pattern) == list(braceexpand.braceexpand(pattern))
