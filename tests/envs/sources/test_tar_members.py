"""Archives that Python's tarfile writes are read as it wrote them, and none that is damaged is taken for shorter."""

import io
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saccadeworld.envs.sources.tar_members import list_members, read_member
from shard_files import write_tar

CONTENTS = {
    "a.jpg": b"x" * 700,
    "deep/er/b.cls": b"3",
    "empty": b"",
    f"{'long/' * 60}name.png": b"y" * 512,
    "bée ü.json": b"{}" * 300,
}
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def read(path: Path) -> dict[str, bytes]:
    return {member.name: read_member(path, member) for member in list_members(path)}


@pytest.mark.parametrize("form", FORMATS)
def test_names_and_contents(tmp_path: Path, form: str):
    contents = {k: v for k, v in CONTENTS.items() if form != "ustar" or "long" not in k}
    path = write_tar(tmp_path / "a.tar", contents, FORMATS[form])
    assert read(path) == contents
    with tarfile.open(path) as tar:
        assert [member.start for member in list_members(path)] == [info.offset_data for info in tar]


def test_what_is_no_plain_file_is_passed_over(tmp_path: Path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            info = tarfile.TarInfo("odd")
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
        info = tarfile.TarInfo("plain")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    assert read(tmp_path / "a.tar") == {"plain": b"abc"}


def test_sizes_beyond_a_headers_digits_are_in_pax_notes(tmp_path: Path):
    """Of a sparse file of 9 GB."""
    info = tarfile.TarInfo("large")
    info.size = 9 * 2**30
    path = tmp_path / "large.tar"
    path.write_bytes(info.tobuf(tarfile.PAX_FORMAT))
    start = path.stat().st_size
    with path.open("r+b") as stream:
        stream.truncate(start + info.size + 1024)
    assert [(member.start, member.size) for member in list_members(path)] == [(start, info.size)]


@pytest.mark.parametrize("form", FORMATS)
def test_cut_short_anywhere_is_told(tmp_path: Path, form: str):
    """Also where a member ends, which tarfile takes for the end."""
    path = write_tar(tmp_path / "a.tar", {"a": b"1" * 600, "b": b"2", "c": b""}, FORMATS[form])
    content = path.read_bytes()
    for length in range(0, 2048, 256):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="cut short"):
            read(path)


def test_a_damaged_header_is_told(tmp_path: Path):
    """Which tarfile takes for the end, too."""
    path = write_tar(tmp_path / "a.tar", {"a": b"1" * 600, "b": b"2"}, tarfile.PAX_FORMAT)
    content = bytearray(path.read_bytes())
    content[512 + 1024 + 3] ^= 1
    path.write_bytes(content)
    with tarfile.open(path) as tar:
        assert tar.getnames() == ["a"]
    with pytest.raises(ValueError, match="damaged after 'a'"):
        read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "cut short"), (b"\x1f\x8b" + b"z" * 2000, "no uncompressed tar"), (b"text\n" * 400, "no uncompressed tar")],
)
def test_what_is_no_tar_is_told(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "a.tar")


def forged(kind: bytes, size: int, content: bytes) -> bytes:
    info = tarfile.TarInfo("forged")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512) + bytes(1024)


@pytest.mark.parametrize(
    ("kind", "size", "content", "message"),
    [
        (tarfile.REGTYPE, 2**40, b"abc", "'forged' of 1099511627776 bytes is not all there"),
        (tarfile.GNUTYPE_LONGNAME, 10**6, bytes(10**6), "has a name or a note of 1000000 bytes"),
        (tarfile.XHDTYPE, 20, b"99 path=way out     ", "a note of its is damaged"),
        (tarfile.XHDTYPE, 20, b"0 =\n" * 5, "a note of its is damaged"),
    ],
)
def test_lying_sizes_are_told(tmp_path: Path, kind: bytes, size: int, content: bytes, message: str):
    (tmp_path / "a.tar").write_bytes(forged(kind, size, content))
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "a.tar")


def test_a_negative_size_is_told(tmp_path: Path):
    info = tarfile.TarInfo("forged")
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 12  # -1, in base 256
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "a.tar").write_bytes(bytes(header) + bytes(1024))
    with pytest.raises(ValueError, match="of -1 bytes is not all there"):
        read(tmp_path / "a.tar")


@settings(max_examples=50, derandomize=True, deadline=None)
@given(place=st.floats(0, 1), new=st.binary(min_size=1, max_size=8), form=st.sampled_from(["gnu", "pax"]))
def test_any_damage_is_told_or_harmless(tmp_path_factory, place: float, new: bytes, form: str):
    contents = {"a": b"1" * 600, "é" * 70: b"2" * 10}
    path = tmp_path_factory.getbasetemp() / f"damaged-{form}.tar"
    content = bytearray(write_tar(path, contents, FORMATS[form]).read_bytes())
    start = int(place * 3000)
    content[start : start + len(new)] = new
    path.write_bytes(content)
    with suppress(ValueError):
        assert len(read(path)) <= 2
