"""Meshes that lie, refer to themselves or to what is not theirs: each is read or refused with its reason, in bounds."""

import base64
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from saccadeworld.envs.sources.mesh_files import read_mesh
from saccadeworld.scripts.benchmarks.memory import forget_peak_memory, peak_memory

POINTS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
FACES = np.array([[0, 1, 2], [0, 1, 3]], np.uint32)
TRIANGLE = "v 0 0 0\nv 1 0 0\nv 0 1 0\n"
PLY = (
    "ply\nformat {form} 1.0\n{extra}element vertex {vertices}\nproperty float x\nproperty float y\nproperty float z\n"
    "element face {faces}\nproperty list uint int vertex_indices\nend_header\n"
)


def gltf(positions: dict[str, Any] | None = None, **changes: Any) -> bytes:
    """A glTF of two faces, with other entries for the array of positions (None takes one out) and in the header."""
    data = POINTS.tobytes() + FACES.tobytes()
    array = {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3"} | (positions or {})
    header = {
        "asset": {"version": "2.0"},
        "accessors": [
            {name: value for name, value in array.items() if value is not None},
            {"bufferView": 1, "componentType": 5125, "count": 6, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": POINTS.nbytes},
            {"buffer": 0, "byteOffset": POINTS.nbytes, "byteLength": FACES.nbytes},
        ],
        "buffers": [{"byteLength": len(data), "uri": "data:;base64," + base64.b64encode(data).decode()}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "nodes": [{"mesh": 0}],
        "scenes": [{"nodes": [0]}],
        "scene": 0,
    }
    return json.dumps(header | changes).encode()


def stl(count: int, *corners: float) -> bytes:
    return bytes(80) + struct.pack("<I", count) + struct.pack("<12f", 0, 0, 1, *corners) + bytes(2)


def obj(text: str) -> bytes:
    return (TRIANGLE + text).encode()


REFUSED: dict[str, tuple[bytes, str]] = {
    # glTF: more than there is, or than anything could hold
    "zeros.gltf": (gltf({"bufferView": None, "count": 10**8}), "stands for 2e.08 numbers"),
    "endless zeros.gltf": (gltf({"bufferView": None, "count": 10**15}), "stands for 2e.15 numbers"),
    "sparse.gltf": (gltf({"bufferView": None, "count": 10**9, "sparse": {"count": 1}}), "stands for 2e.09"),
    "count.gltf": (gltf({"count": 10**12}), "stands for 1e.12"),
    "backwards.gltf": (gltf({"count": -(10**12)}), "stands for 1e.12"),
    "beyond.gltf": (gltf({"count": 400}), "cannot be parsed"),
    "shared.gltf": (
        gltf({"count": 4 * 10**6}, meshes=[{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}] * 10}]),
        "stands for 4e.07",
    ),
    "nested.gltf": (b"[" * 100_000, "cannot be parsed .RecursionError"),
    "absolute.gltf": (gltf(buffers=[{"byteLength": 72, "uri": "/etc/passwd"}]), "cannot be parsed"),
    "address.gltf": (gltf(buffers=[{"byteLength": 72, "uri": "http://example.com/x.bin"}]), "cannot be parsed"),
    # counts that lie
    "count.off": (b"OFF\n1000000000000 1 0\n0 0 0\n3 0 1 2\n", "cannot be parsed"),
    "negative.off": (b"OFF\n-3 -1 0\n0 0 0\n", "no faces"),
    "text.ply": (PLY.format(form="ascii", extra="", vertices=10**12, faces=1).encode() + b"0 0 0\n", "no faces|cannot"),
    "vertices.ply": (
        PLY.format(form="binary_little_endian", extra="", vertices=10**12, faces=1).encode() + POINTS.tobytes(),
        "cannot be parsed",
    ),
    "list.ply": (
        PLY.format(form="binary_little_endian", extra="", vertices=3, faces=10**9).encode()
        + POINTS[:3].tobytes()
        + struct.pack("<I", 4 * 10**9),
        "cannot be parsed",
    ),
    "endless header.ply": (b"ply\nformat ascii 1.0\n" + b"comment x\n" * 1000, "cannot be parsed"),
    "count.stl": (stl(4 * 10**9, *range(9)), "it has no faces"),
    # numbers that are none
    "far.stl": (stl(1, 0, 0, 0, 1e30, 0, 0, 0, 1e30, 0), "coordinates are as large as 1e.30"),
    "far.obj": (b"v 0 0 0\nv 1e30 0 0\nv 0 1e30 0\nf 1 2 3\n", "coordinates are as large as 1e.30"),
    "nan.obj": (b"v 0 0 0\nv nan 0 0\nv 0 inf 0\nf 1 2 3\n", "not finite"),
    "bytes.obj": (bytes(range(256)) * 100, "it has no faces"),
    # faces that are none
    "out.obj": (obj("f 1 2 999999999999\n"), "cannot be parsed .IndexError"),
    "beyond integers.obj": (obj("f 1 2 99999999999999999999999999\n"), "cannot be parsed"),
    "before the first.obj": (obj("f -9 -2 -3\n"), "cannot be parsed .IndexError"),
    "degenerate.obj": (obj("f 1 1 1\nf 2 2 2\n"), "a point or a line"),
    "a line.obj": (b"v 0 0 0\nv 1 1 1\nv 2 2 2\nf 1 2 3\n", "a point or a line|has an area"),
    "no faces.obj": (obj(""), "no faces"),
    "nothing.obj": (b"", "empty"),
}


def within_bounds(path: Path, root: Path) -> Any:
    forget_peak_memory()
    before = peak_memory()
    try:
        return read_mesh(path, root)
    finally:
        assert peak_memory() - before < 300 * 2**20


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_with_its_reason(tmp_path: Path, name: str):
    content, message = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        within_bounds(tmp_path / name, tmp_path)


READ: dict[str, tuple[bytes, int]] = {
    "as it should be.gltf": (gltf(), 2),
    "a cycle.gltf": (gltf(nodes=[{"mesh": 0, "children": [1]}, {"children": [0]}]), 2),
    "its own child.gltf": (gltf(nodes=[{"mesh": 0, "children": [0]}]), 2),
    "twice forty times.gltf": (gltf(nodes=[{"children": [i + 1, i + 1]} for i in range(40)] + [{"mesh": 0}]), 2),
    "long buffer.gltf": (gltf(buffers=[json.loads(gltf())["buffers"][0] | {"byteLength": 10**15}]), 2),
    "from the last.obj": (obj("f -1 -2 -3\n"), 1),
    "many corners.obj": (obj("f " + "1 2 3 " * 5000), 5000),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_odd_but_can_be_is_read(tmp_path: Path, name: str):
    content, least = READ[name]
    (tmp_path / name).write_bytes(content)
    mesh, missing = within_bounds(tmp_path / name, tmp_path)
    assert len(mesh.faces) >= least
    assert missing == []


def test_one_mesh_placed_often_has_a_limit(tmp_path: Path):
    """A small file that stands for 48 million corners of faces."""
    ball = trimesh.creation.icosphere(subdivisions=5)
    scene = trimesh.Scene()
    scene.add_geometry(ball, geom_name="ball")
    for i in range(800):
        scene.graph.update(frame_to=f"at{i}", geometry="ball")
    (tmp_path / "often.glb").write_bytes(scene.export(file_type="glb"))
    with pytest.raises(ValueError, match=r"it stands for 4.* corners of faces; the limit is 3e.07"):
        within_bounds(tmp_path / "often.glb", tmp_path)


# --- what a mesh names -------------------------------------------------------------------------------------------


def textured(folder: Path, mtl: str, library: str = "a.mtl") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.mtl").write_text(mtl)
    text = f"mtllib {library}\n{TRIANGLE}vt 0 0\nvt 1 0\nvt 0 1\nusemtl m\nf 1/1 2/2 3/3\n"
    (folder / "mesh.obj").write_text(text)
    return folder / "mesh.obj"


def picture(side: int = 8) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (side, side), (255, 0, 0)).save(stream, "PNG")
    return stream.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that claims so many pixels a side."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("name", ["/etc/passwd", "../../etc/passwd", "../outside.png", "..\\outside.png", "link.png"])
def test_nothing_outside_the_folder_is_read(tmp_path: Path, name: str):
    (tmp_path / "outside.png").write_bytes(picture())
    mesh = textured(tmp_path / "root", f"newmtl m\nmap_Kd {name}\n")
    (tmp_path / "root" / "link.png").symlink_to(tmp_path / "outside.png")
    found, missing = within_bounds(mesh, tmp_path / "root")
    assert found.textures == ()
    assert missing == [name]


def test_links_within_the_folder_are_followed(tmp_path: Path):
    """Also where the folder of the mesh is itself a link, by which people lay out data."""
    mesh = textured(tmp_path / "store" / "cat", "newmtl m\nmap_Kd link.png\n")
    (mesh.parent / "real.png").write_bytes(picture())
    (mesh.parent / "link.png").symlink_to("real.png")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "cat").symlink_to(mesh.parent)
    found, missing = read_mesh(tmp_path / "root" / "cat" / "mesh.obj", tmp_path / "root")
    assert (len(found.textures), missing) == (1, [])


@pytest.mark.parametrize("library", ["/etc/passwd", "../../../../etc/passwd", "a\0b.mtl", "a" * 100_000, "mesh.obj"])
def test_materials_that_are_none_are_done_without(tmp_path: Path, library: str):
    found, missing = within_bounds(textured(tmp_path, "newmtl m\n", library), tmp_path)
    assert len(found.faces) == 1
    assert missing == [library]


def test_materials_that_name_themselves_and_each_other_end(tmp_path: Path):
    mesh = textured(tmp_path, "mtllib a.mtl\nmtllib b.mtl\nnewmtl m\nKd nan inf 1e30\nmap_Kd a.mtl\n")
    (tmp_path / "b.mtl").write_text("mtllib a.mtl\nnewmtl m\n")
    found, _ = within_bounds(mesh, tmp_path)
    assert ((found.colours >= 0) & (found.colours <= 1)).all()


@pytest.mark.parametrize(
    "content",
    [bomb(100_000), bomb(5000), picture()[:45], b"", b"It is no picture.", b"GIF89a\xff\xff\xff\xff\0\0\0,"],
    ids=["beyond the limit", "without its pixels", "half", "empty", "text", "gif"],
)
def test_a_broken_texture_is_done_without_or_named(tmp_path: Path, content: bytes):
    mesh = textured(tmp_path, "newmtl m\nmap_Kd texture.png\n")
    (tmp_path / "texture.png").write_bytes(content)
    try:
        found, _ = within_bounds(mesh, tmp_path)
    except ValueError as error:
        reason = str(error)
    else:
        reason = "a texture" if found.textures == () else ""
    assert "a texture" in reason


def test_textures_are_never_all_at_their_full_size(tmp_path: Path):
    """Forty of them, of which each takes 12 MB."""
    textured(tmp_path, "".join(f"newmtl m{i}\nmap_Kd texture.png\n" for i in range(40)))
    faces = "".join(f"usemtl m{i}\nf 1/1 2/2 3/3\n" for i in range(40))
    (tmp_path / "mesh.obj").write_text(f"mtllib a.mtl\n{TRIANGLE}vt 0 0\nvt 1 0\nvt 0 1\n{faces}")
    (tmp_path / "texture.png").write_bytes(picture(2000))
    found, _ = within_bounds(tmp_path / "mesh.obj", tmp_path)
    assert len(found.textures) == 40


# --- damage ------------------------------------------------------------------------------------------------------

BOX = trimesh.creation.box()
SOUND = {
    "a.glb": trimesh.exchange.gltf.export_glb(trimesh.Scene(BOX)),
    "a.gltf": gltf(),
    "a.ply": trimesh.exchange.ply.export_ply(BOX),
    "b.ply": trimesh.exchange.ply.export_ply(BOX, encoding="ascii"),
    "a.stl": trimesh.exchange.stl.export_stl(BOX),
    "b.stl": trimesh.exchange.stl.export_stl_ascii(BOX).encode(),
    "a.off": trimesh.exchange.off.export_off(BOX).encode(),
    "a.obj": trimesh.exchange.obj.export_obj(BOX).encode(),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=300, derandomize=True, deadline=None)
@given(name=st.sampled_from(sorted(SOUND)), place=st.floats(0, 1), new=st.binary(max_size=8), gone=st.integers(0, 30))
def test_damage_of_any_kind_is_a_value_error(tmp_path_factory, name: str, place: float, new: bytes, gone: int):
    content, folder = bytearray(SOUND[name]), tmp_path_factory.getbasetemp()
    start = int(place * len(content))
    content[start : start + gone] = new
    (folder / name).write_bytes(content)
    try:
        mesh, _ = read_mesh(folder / name, folder)
    except ValueError:
        return
    assert np.isfinite(mesh.vertices).all()
    assert mesh.faces.max() < len(mesh.vertices)
