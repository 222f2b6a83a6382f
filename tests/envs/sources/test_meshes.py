"""Folders of meshes: every format by hand-written files, materials and textures, bad files, and the real ones."""

import base64
import csv
import io
import json
import os
import struct
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image
from saccadeworld.envs.renderer import SETUPS, Renderer
from saccadeworld.envs.sources.mesh_files import read_mesh
from saccadeworld.envs.sources.meshes import load_meshes

DATA = os.environ.get("SACCADEWORLD_DATA")
needs_data = pytest.mark.skipif(
    not DATA or not (Path(DATA) / "meshes").is_dir(), reason="SACCADEWORLD_DATA names no folder with meshes/"
)

# A wedge, 4 wide (x), 2 high (y), 1 deep (z) in its own y-up frame, higher on the right; tips apart on every axis.
POINTS = np.array([[0, 0, 0], [4, 0, 0], [4, 2, 0], [0, 0, 1], [4, 0, 1], [4, 2, 1]], float)
FACES = np.array([[0, 2, 1], [3, 4, 5], [0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4], [0, 3, 5], [0, 5, 2]])
SIZE = np.sqrt(16 + 4 + 1)
LINEAR = ((0.5 + 0.055) / 1.055) ** 2.4  # of sRGB 0.5


def obj_text(points=POINTS, faces=FACES) -> str:
    vertices = "".join(f"v {x} {y} {z}\n" for x, y, z in points)
    return vertices + "".join(f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in faces)


def off_text() -> str:
    rows = [" ".join(map(str, row)) for row in POINTS.tolist()] + [f"3 {a} {b} {c}" for a, b, c in FACES]
    return f"OFF\n{len(POINTS)} {len(FACES)} 0\n" + "\n".join(rows) + "\n"


def stl_bytes() -> bytes:
    triangles = POINTS[FACES].astype("<f4")
    return bytes(80) + struct.pack("<I", len(FACES)) + b"".join(bytes(12) + t.tobytes() + bytes(2) for t in triangles)


def stl_text() -> str:
    facets = ""
    for triangle in POINTS[FACES]:
        corners = "".join(f"vertex {x} {y} {z}\n" for x, y, z in triangle)
        facets += f"facet normal 0 0 0\nouter loop\n{corners}endloop\nendfacet\n"
    return f"solid wedge\n{facets}endsolid wedge\n"


def ply_text(colours=None) -> str:
    names = "".join(f"property uchar {c}\n" for c in ("red", "green", "blue")) if colours is not None else ""
    head = f"ply\nformat ascii 1.0\nelement vertex 6\nproperty float x\nproperty float y\nproperty float z\n{names}"
    head += f"element face {len(FACES)}\nproperty list uchar int vertex_indices\nend_header\n"
    rows = [[*p, *(colours[i] if colours is not None else ())] for i, p in enumerate(POINTS.tolist())]
    lines = [" ".join(map(str, row)) for row in rows] + [f"3 {a} {b} {c}" for a, b, c in FACES]
    return head + "\n".join(lines) + "\n"


def gltf(
    points=POINTS, faces=FACES, *, uvs=None, normals=None, image=None, factor=None, nodes=None, binary=False
) -> bytes:
    """A glTF 2.0 file, as JSON with its buffer inside or as GLB."""
    arrays = {"POSITION": points.astype("<f4")}
    if uvs is not None:
        arrays["TEXCOORD_0"] = np.asarray(uvs, "<f4")
    if normals is not None:
        arrays["NORMAL"] = np.asarray(normals, "<f4")
    blobs = [array.tobytes() for array in arrays.values()] + [faces.astype("<u4").tobytes()]
    accessors = [
        {"bufferView": i, "componentType": 5126, "count": len(a), "type": f"VEC{a.shape[1]}"}
        for i, a in enumerate(arrays.values())
    ]
    accessors[0] |= {"min": points.min(0).tolist(), "max": points.max(0).tolist()}
    accessors.append({"bufferView": len(arrays), "componentType": 5125, "count": faces.size, "type": "SCALAR"})
    buffer = b"".join(blobs)
    starts = np.cumsum([0] + [len(blob) for blob in blobs[:-1]]).tolist()
    material: dict = {"pbrMetallicRoughness": {}}
    header: dict = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "nodes": nodes or [{"mesh": 0}],
        "meshes": [
            {
                "primitives": [
                    {"attributes": {n: i for i, n in enumerate(arrays)}, "indices": len(arrays), "material": 0}
                ]
            }
        ],
        "materials": [material],
        "accessors": accessors,
        "bufferViews": [
            {"buffer": 0, "byteOffset": s, "byteLength": len(b)} for s, b in zip(starts, blobs, strict=True)
        ],
        "buffers": [{"byteLength": len(buffer)}],
    }
    children = {child for node in header["nodes"] for child in node.get("children", [])}
    header["scenes"] = [{"nodes": [i for i in range(len(header["nodes"])) if i not in children]}]
    if factor is not None:
        material["pbrMetallicRoughness"]["baseColorFactor"] = factor
    if image is not None:
        material["pbrMetallicRoughness"]["baseColorTexture"] = {"index": 0}
        header["textures"] = [{"source": 0}]
        header["images"] = [{"uri": "data:image/png;base64," + base64.b64encode(image).decode()}]
    if not binary:
        header["buffers"][0]["uri"] = "data:application/octet-stream;base64," + base64.b64encode(buffer).decode()
        return json.dumps(header).encode()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    buffer += bytes(-len(buffer) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(buffer), b"BIN\0") + buffer
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def png(pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, **options):
    mesh, missing = read_mesh(path, path.parent, **options)
    assert missing == []
    return mesh


Y_UP = {"wedge.obj": obj_text(), "wedge.gltf": gltf(), "wedge.glb": gltf(binary=True)}
Z_UP = {"wedge.off": off_text(), "wedge.stl": stl_bytes(), "text.stl": stl_text(), "wedge.ply": ply_text()}


@pytest.mark.parametrize("name", [*Y_UP, *Z_UP])
def test_every_format_gives_the_wedge_upright_centred_and_scaled(name, tmp_path):
    path = write(tmp_path / name, (Y_UP | Z_UP)[name])
    for up in (None, "y", "z"):
        mesh = read(path, up=up)
        centred = (POINTS - POINTS.max(0) / 2) / SIZE
        upright = up == "z" or (up is None and name in Z_UP)
        expected = centred if upright else centred[:, [0, 2, 1]] * (1, -1, 1)
        triangles = mesh.vertices[mesh.faces]
        assert len(triangles) == len(FACES)
        a = sorted(np.round(triangles, 5).tolist(), key=str)
        b = sorted(np.round(expected[FACES], 5).tolist(), key=str)
        np.testing.assert_allclose(sorted(np.mean(a, axis=1).tolist()), sorted(np.mean(b, axis=1).tolist()), atol=1e-5)
        volume = np.einsum("ij,ij->i", triangles[:, 0], np.cross(triangles[:, 1], triangles[:, 2])).sum() / 6
        assert volume == pytest.approx(4 / SIZE**3, rel=1e-4)  # not mirrored
        assert np.linalg.norm(np.ptp(mesh.vertices, axis=0)) == pytest.approx(1, abs=1e-5)
        assert (mesh.vertices.dtype, mesh.faces.dtype) == (np.float32, np.int32)


def test_node_transforms_place_the_parts(tmp_path):
    half = np.sqrt(0.5)
    nodes = [
        {"mesh": 0, "scale": [2, 1, 1]},
        {"children": [2], "translation": [0, 10, 0]},
        {"mesh": 0, "rotation": [0, 0, half, half], "translation": [1, 0, 0]},  # a quarter turn about z: x to y
    ]
    mesh = read(write(tmp_path / "scene.glb", gltf(nodes=nodes, binary=True)), up="z")
    turned = np.stack([-POINTS[:, 1], POINTS[:, 0], POINTS[:, 2]], axis=1) + (1, 10, 0)
    every = np.concatenate([POINTS * (2, 1, 1), turned])
    low, high = every.min(0), every.max(0)
    expected = (every - (low + high) / 2) / np.linalg.norm(high - low)
    found = np.unique(np.round(mesh.vertices, 4), axis=0)
    np.testing.assert_allclose(found, np.unique(np.round(expected, 4), axis=0), atol=2e-4)


def test_materials_in_linear_light(tmp_path):
    """MTL and PLY colours are sRGB, glTF's are linear."""
    text = obj_text().replace("f ", "usemtl red\nf ", 1).replace("f 4", "usemtl half\nf 4", 1)
    write(tmp_path / "a.mtl", "newmtl red\nKd 1 0 0\nnewmtl half\nKd 0.5 0.5 0.5\n")
    mesh = read(write(tmp_path / "a.obj", "mtllib a.mtl\n" + text))
    colours, counts = np.unique(np.round(mesh.colours, 2), axis=0, return_counts=True)
    np.testing.assert_allclose(colours, [[LINEAR] * 3, [1, 0, 0]], atol=0.01)
    assert counts.tolist() == [7, 1]
    factor = read(write(tmp_path / "b.glb", gltf(factor=[0.5, 0.25, 1.0, 1.0], binary=True)))
    np.testing.assert_allclose(factor.colours, [[0.5, 0.25, 1.0]] * 8, atol=0.005)
    white = read(write(tmp_path / "c.glb", gltf(binary=True)))
    np.testing.assert_allclose(white.colours, 1)
    grey = read(write(tmp_path / "d.ply", ply_text(np.full((6, 3), 128))))
    np.testing.assert_allclose(grey.colours, LINEAR, atol=0.005)
    one_red = np.zeros((6, 3), int)
    one_red[1, 0] = 255
    thirds = read(write(tmp_path / "e.ply", ply_text(one_red)))
    np.testing.assert_allclose(np.unique(thirds.colours[:, 0]), [0, 1 / 3], atol=1e-6)
    plain = read(write(tmp_path / "f.off", off_text()))
    assert len(np.unique(plain.colours, axis=0)) == 1
    assert 0.1 < plain.colours[0, 0] < 0.9


SQUARE = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float)
SQUARE_FACES = np.array([[0, 1, 2], [0, 2, 3]])
# Red above green on the left, blue above yellow on the right.
PICTURE = np.array([[[255, 0, 0], [0, 0, 255]], [[0, 255, 0], [255, 255, 0]]]).repeat(16, axis=0).repeat(16, axis=1)


def textured_obj(folder: Path, picture: str = "picture.png") -> Path:
    corners = "".join(f"v {x} {y} {z}\n" for x, y, z in SQUARE)
    write(folder / "square.mtl", f"newmtl m\nKd 0 0 0\nmap_Kd {picture}\n")
    places = "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
    return write(folder / "square.obj", f"mtllib square.mtl\n{corners}{places}usemtl m\nf 1/1 2/2 3/3\nf 1/1 3/3 4/4\n")


@pytest.mark.parametrize("kind", ["obj", "glb", "gltf"])
def test_textures_stand_upright_whatever_the_format_counts_from(kind, tmp_path):
    if kind == "obj":  # from the lower left corner; Kd is that of a renderer without textures
        write(tmp_path / "picture.png", png(PICTURE))
        mesh = read(textured_obj(tmp_path))
    else:  # from the upper left corner
        uvs = [[0, 1], [1, 1], [1, 0], [0, 0]]
        content = gltf(SQUARE, SQUARE_FACES, uvs=uvs, image=png(PICTURE), factor=[1, 1, 1, 1], binary=kind == "glb")
        mesh = read(write(tmp_path / f"square.{kind}", content))
    assert np.array_equal(mesh.textures[0], PICTURE)
    # Upright, the square faces -y: the camera stands there.
    setup = replace(
        SETUPS["studio"], camera_polar=np.pi / 2, camera_azimuth=-np.pi / 2, floor=None, sun=0.0, spot=0.0, sky=1.0
    )
    view = Renderer([mesh], setup).render(torch.zeros(1, dtype=torch.int64), torch.tensor([[0.0, 0, 0, 1]]))[0]
    for row, column, colour in ((20, 20, PICTURE[0, 0]), (44, 20, PICTURE[-1, 0]), (20, 44, PICTURE[0, -1])):
        assert view[:, row, column].tolist() == colour.tolist()


def test_a_texture_is_multiplied_by_gltfs_factor_and_shrunk(tmp_path):
    large = np.full((700, 300, 3), 200)
    content = gltf(SQUARE, SQUARE_FACES, uvs=np.zeros((4, 2)), image=png(large), factor=[0.5, 1, 1, 1], binary=True)
    mesh = read(write(tmp_path / "a.glb", content))
    np.testing.assert_allclose(mesh.colours, [[0.5, 1, 1]] * 2, atol=0.005)
    assert mesh.textures[0].shape == (256, 110, 3)
    assert (mesh.textures[0] == 200).all()


def test_texture_coordinates_may_lie_far_out(tmp_path):
    uvs = np.array([[0.0, 1], [1, 1], [1, 0], [0, 0]])
    near, out = (
        read(write(tmp_path / f"{shift}.gltf", gltf(SQUARE, SQUARE_FACES, uvs=uvs + shift, image=png(PICTURE))))
        for shift in (0, -1000)
    )
    whole = np.round(out.uvs - near.uvs)
    np.testing.assert_allclose(out.uvs - near.uvs, whole, atol=1e-3)
    assert (whole == whole[:, :1]).all()  # the same number of turns at all corners of a face


def test_normals_are_the_files_or_smooth_below_forty_degrees(tmp_path):
    given = np.tile([[0.0, 0.6, 0.8]], (6, 1))
    mesh = read(write(tmp_path / "given.glb", gltf(normals=given, binary=True)), up="z")
    np.testing.assert_allclose(mesh.normals, np.broadcast_to([0, 0.6, 0.8], (8, 3, 3)), atol=1e-6)
    scaled = gltf(normals=given, nodes=[{"mesh": 0, "scale": [1, 2, 1]}], binary=True)
    mesh = read(write(tmp_path / "scaled.glb", scaled), up="z")
    np.testing.assert_allclose(mesh.normals[0, 0], np.array([0, 0.3, 0.8]) / np.hypot(0.3, 0.8), atol=1e-6)

    cube = trimesh.creation.box((1, 2, 3))
    mesh = read(write(tmp_path / "cube.off", trimesh.exchange.off.export_off(cube)))
    assert np.allclose(np.abs(mesh.normals).max(-1), 1, atol=1e-6)  # flat: along an axis

    ball = trimesh.creation.icosphere(subdivisions=3, radius=2.0)
    mesh = read(write(tmp_path / "ball.stl", trimesh.exchange.stl.export_stl(ball)))  # every face has its own corners
    corners = mesh.vertices[mesh.faces]
    outward = corners / np.linalg.norm(corners, axis=-1, keepdims=True)
    assert (mesh.normals * outward).sum(-1).min() > 0.999

    rod = trimesh.creation.cylinder(1.0, 4.0, sections=32)
    mesh = read(write(tmp_path / "rod.stl", trimesh.exchange.stl.export_stl(rod)))
    on_end = np.abs(mesh.normals[..., 2]) > 0.5
    np.testing.assert_allclose(np.abs(mesh.normals[..., 2])[on_end], 1, atol=1e-5)
    np.testing.assert_allclose(mesh.normals[..., 2][~on_end], 0, atol=1e-5)


nan_obj = obj_text().replace("v 4.0 2.0 0.0", "v nan 2.0 0.0")
far = POINTS.copy()
far[2] = 1e30
BAD = {
    "empty.obj": ("", "empty"),
    "noise.glb": (bytes(range(256)) * 4, "cannot be parsed"),
    "cut.glb": (gltf(binary=True)[:200], "cannot be parsed"),
    "nan.obj": (nan_obj, "not finite"),
    "no_faces.obj": (obj_text(faces=[]), "no faces"),
    "line.off": ("OFF\n3 1 0\n0 0 0\n1 1 1\n2 2 2\n3 0 1 2\n", "area|line"),
    "point.off": ("OFF\n3 1 0\n1 1 1\n1 1 1\n1 1 1\n3 0 1 2\n", "point or a line"),
    "far.obj": (obj_text(far), "limit"),
    "stray.off": (off_text().replace("3 0 2 1", "3 0 2 77"), "outside the range|out of bounds|do not exist"),
    "stray.glb": (gltf(faces=FACES + 70, binary=True), "vertices that do not exist"),
    "text.ply": ("hello", "cannot be parsed"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_says_why(name, tmp_path):
    content, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        read_mesh(write(tmp_path / name, content), tmp_path)


def test_a_file_of_another_type_names_those_that_are_read(tmp_path):
    with pytest.raises(ValueError, match=r"'\.fbx' files are not read; use one of .*\.obj"):
        read_mesh(write(tmp_path / "mesh.fbx", "hello"), tmp_path)


def test_bad_files_are_skipped_counted_and_listed(tmp_path):
    for name, (content, _) in BAD.items():
        write(tmp_path / "bad" / name, content)
    for i in range(4):
        write(tmp_path / "good" / f"wedge{i}.obj", obj_text())
    with pytest.warns(UserWarning, match="files skipped") as caught:
        sets = [load_meshes(tmp_path, split) for split in ("train", "test")]
    assert {Path(s.path).name for loaded in sets for s in loaded.skipped} == set(BAD)
    assert sum(len(loaded.meshes) for loaded in sets) == 4
    assert all(loaded.classes == ("bad", "good") for loaded in sets)
    assert all(loaded.labels.tolist() == [1] * len(loaded.meshes) for loaded in sets)
    assert any(f"{len(sets[0].skipped)} files skipped" in str(w.message) for w in caught)


@pytest.mark.parametrize("length", [0, 10, 50, 200, 500, 650, 700, 780])
def test_a_truncated_file_is_skipped_and_breaks_nothing(length, tmp_path):
    whole = gltf(binary=True)
    write(tmp_path / "a" / "cut.glb", whole[:length])
    write(tmp_path / "a" / "whole.glb", whole)
    write(tmp_path / "index.csv", "path,class,split\na/cut.glb,a,train\na/whole.glb,a,train\n")
    with pytest.warns(UserWarning, match="1 files skipped"):
        loaded = load_meshes(tmp_path, "train")
    assert loaded.names == ("a/whole.glb",)


def test_folders_without_anything_usable_are_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_meshes(tmp_path / "nowhere", "train")
    with pytest.raises(ValueError, match=r"\.obj"):
        load_meshes(tmp_path, "train")
    for i in range(3):
        write(tmp_path / "a" / f"{i}.obj", "")
    with pytest.raises(ValueError, match="empty"):
        load_meshes(tmp_path, "train")
    with pytest.raises(ValueError, match="up='x'"):
        load_meshes(tmp_path, "train", up="x")  # pyright: ignore[reportArgumentType]


def test_a_model_may_have_a_folder_of_its_own(tmp_path):
    for i in range(5):
        write(tmp_path / "a" / f"m{i}" / f"m{i}.obj", obj_text())
    loaded = [load_meshes(tmp_path, split) for split in ("train", "test")]
    assert loaded[0].classes == ("a",)
    assert sorted(loaded[0].names + loaded[1].names) == [f"a/m{i}/m{i}.obj" for i in range(5)]


def test_textures_are_found_in_the_folder_and_nowhere_else(tmp_path):
    root = tmp_path / "root"
    write(tmp_path / "outside.png", png(PICTURE))
    write(root / "textures" / "inside.png", png(PICTURE))
    write(root / "notes.txt", png(PICTURE))
    found = read_mesh(textured_obj(root / "a" / "inside", "../../textures/inside.png"), root)
    assert len(found[0].textures) == 1
    assert found[1] == []
    outside = [str(tmp_path / "outside.png"), "../../../outside.png", "..\\..\\..\\outside.png", "../../notes.txt"]
    for i, name in enumerate(outside):
        mesh, missing = read_mesh(textured_obj(root / "a" / str(i), name), root)
        assert mesh.textures == ()
        assert missing == [name]
    write(root / "index.csv", "path,class,split\na/0/square.obj,a,train\na/inside/square.obj,a,train\n")
    with pytest.warns(UserWarning, match="used without it"):
        loaded = load_meshes(root, "train")
    assert len(loaded.meshes) == 2


def test_a_texture_that_a_program_would_have_to_decode_is_refused(tmp_path):
    """Pillow hands EPS to Ghostscript, which executes PostScript."""
    write(tmp_path / "picture.png", "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n%%EOF\n")
    with pytest.raises(ValueError, match="EPS"):
        read_mesh(textured_obj(tmp_path), tmp_path)


@needs_data
def test_all_real_meshes_load_and_show():
    folder = Path(DATA or "") / "meshes"
    with (folder / "index.csv").open(newline="") as stream:
        index = {row["path"]: row for row in csv.DictReader(stream)}
    seen = {}
    for split in ("train", "test"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # five textures are missing
            loaded = load_meshes(folder, split)
        assert not [s for s in loaded.skipped if "used without it" not in s.reason]
        renderer = Renderer(loaded.meshes, replace(SETUPS["studio"], size=32))
        count = len(loaded.meshes)
        alpha = renderer.render_rgba(torch.arange(count), torch.tensor([[0.0, 0, 0, 1]]).expand(count, 4))[:, 3] > 0
        assert alpha.flatten(1).sum(1).min() > 10
        for name, label, mesh in zip(loaded.names, loaded.labels.tolist(), loaded.meshes, strict=True):
            assert (index[name]["class"], index[name]["split"]) == (loaded.classes[label], split)
            if name.endswith(".glb"):
                assert_colours_are_the_files(mesh, folder / name)
            seen[name] = mesh
    assert seen.keys() == index.keys()
    assert len(seen) == 173
    assert sum(bool(mesh.textures) for mesh in seen.values()) == 17
    for name in list(seen)[::7]:
        extents = trimesh.load_scene(folder / name).extents[[0, 2, 1]]  # in their own y-up frame
        np.testing.assert_allclose(np.ptp(seen[name].vertices, axis=0), extents / np.linalg.norm(extents), atol=2e-3)


def assert_colours_are_the_files(mesh, path: Path) -> None:
    """The base colour factors of the materials in use, read from the JSON in the GLB."""
    content = path.read_bytes()
    header = json.loads(content[20 : 20 + struct.unpack_from("<I", content, 12)[0]])
    used = {part["material"] for geometry in header["meshes"] for part in geometry["primitives"]}
    materials = [header["materials"][i].get("pbrMetallicRoughness", {}) for i in used]
    expected = np.array([m.get("baseColorFactor", [1, 1, 1, 1])[:3] for m in materials])
    found = np.unique(mesh.colours, axis=0)
    apart = np.abs(found[:, None] - expected[None]).max(-1)
    assert apart.min(0).max() < 0.003
    assert apart.min(1).max() < 0.003


def test_latin_1_is_read(tmp_path):
    """As older programs write names, whether or not a package that guesses encodings happens to be there."""
    path = tmp_path / "latin.obj"
    path.write_bytes("# Café à la crème, déjà vu\no été\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n".encode("latin-1"))
    mesh, missing = read_mesh(path, tmp_path)
    assert len(mesh.faces) == 1
    assert missing == []
