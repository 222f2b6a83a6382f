import base64
import importlib.util
import io
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld.saliency.models import make_saliency
from saccadeworld.saliency.stored_maps import open_array, open_files

FIXATED = ("a", "b", "c")
SIZE = (48, 32)


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Three wide pictures in folders, a tall one among them, a grey one of 16 bits, and one that is broken."""
    folder = tmp_path / "pictures"
    for i, name in enumerate(("a", "deep/b", "deep/er/c")):
        noise = np.random.default_rng(i).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise).save(folder / f"{name}.png")
    Image.fromarray(np.full((50, 20, 3), 200, np.uint8)).save(folder / "deep" / "tall.bmp")
    ramp = np.linspace(0, 65535, 24 * 24).reshape(24, 24).astype(np.uint16)
    Image.fromarray(ramp).save(folder / "grey.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff and no more")
    Image.fromarray(np.zeros((3, 90), np.uint8)).save(folder / "tiny.png")
    return folder


@pytest.fixture
def fixations(tmp_path) -> Path:
    """Three observers of the wide pictures, and of one that is not there."""
    random = np.random.default_rng(7)

    def path(count: int) -> dict[str, list[float]]:
        x, y = (random.uniform(0, side, count).round(1).tolist() for side in np.array(SIZE) - 0.1)
        return {"x": x, "y": y, "dur_ms": [200.0] * count}

    images = {f"{name}.png": [path(n) for n in (4, 6, 5)] for name in (*FIXATED, "absent")}
    file = tmp_path / "fixations.json"
    file.write_text(json.dumps({"image_size_wh": SIZE, "n_subjects": 3, "images": images}))
    return file


def results(out: Path) -> dict:
    content = json.loads((out / "metrics.json").read_text())
    assert all(math.isfinite(value) for value in content["metrics"].values())
    return content


def overlays(out: Path) -> list[np.ndarray]:
    page = (out / "report.html").read_text()
    links = re.findall(r'<img src="([^"]*)"', page)
    assert all(link.startswith("data:image/png;base64,") for link in links)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(link.split(",")[1])))) for link in links]


def test_a_map_for_each_picture_at_its_size(saccadeworld, tmp_path, pictures):
    out = tmp_path / "out"
    result = saccadeworld("saliency --model spectral-residual centre-bias --images", pictures, "--out", out)
    assert result.code == 0, result.err
    assert "2 files skipped: broken.jpg (" in result.err
    assert "tiny.png (90 x 3 pixels are too few" in result.err
    names = ["a.png", "deep/b.png", "deep/er/c.png", "deep/tall.bmp", "grey.png"]
    for model in ("spectral-residual", "centre-bias"):
        stored = open_files([pictures / name for name in names], pictures, out / "maps" / model)
        assert [stored.raw(i).shape for i in range(5)] == [(32, 48), (32, 48), (32, 48), (50, 20), (24, 24)]
    wide = torch.from_numpy(np.array(Image.open(pictures / "deep" / "b.png")))[None]
    stored = open_files([pictures / "deep" / "b.png"], pictures, out / "maps" / "spectral-residual")
    torch.testing.assert_close(torch.from_numpy(stored.raw(0)), make_saliency("spectral-residual")(wide)[0])
    content = results(out)
    assert (content["metrics"]["pictures"], content["metrics"]["pictures/skipped"]) == (5, 2)
    assert content["metrics"]["centre-bias/maps_per_second"] > 0
    assert [file["path"] for file in content["skipped"]] == ["broken.jpg", "tiny.png"]
    assert "broken.jpg" in (out / "report.html").read_text()
    drawn = overlays(out)
    assert len(drawn) == 5
    assert all(picture.std() > 5 for picture in drawn), "something is drawn"


def test_an_array_of_square_maps(saccadeworld, tmp_path, pictures):
    out = tmp_path / "out"
    result = saccadeworld("saliency --layout array --size 16 --model uniform --images", pictures, "--out", out)
    assert result.code == 0, result.err
    names = (out / "maps" / "uniform.txt").read_text().splitlines()
    assert "tiny.png" in names, "it is enlarged"
    array = np.load(out / "maps" / "uniform.npy")
    assert (array.shape, array.dtype) == ((6, 1, 16, 16), np.float32)
    np.testing.assert_allclose(array, 1 / 256)
    assert len(open_array(out / "maps" / "uniform.npy", len(names))) == 6


def test_maps_that_are_there_are_not_lost(saccadeworld, tmp_path, pictures):
    out, kept = tmp_path / "out", tmp_path / "out" / "maps" / "uniform" / "a-sal.npy"
    command = ("saliency --model uniform --overlays 0 --images", pictures, "--out", out)
    assert saccadeworld(*command).code == 0
    mine = np.full((32, 48), 0.5, np.float32)
    np.save(kept, mine)
    gone = kept.with_name("grey-sal.npy")
    gone.unlink()
    refused = saccadeworld(*command)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "maps/uniform holds saliency maps already" in refused.err
    assert saccadeworld(*command, "--existing keep").code == 0
    assert gone.exists()
    assert (np.load(kept) == mine).all()
    assert saccadeworld(*command, "--existing replace").code == 0
    np.testing.assert_allclose(np.load(kept), 1 / (32 * 48))


def test_an_array_of_other_pictures_is_not_taken_for_one(saccadeworld, tmp_path, pictures):
    command = ("saliency --layout array --model uniform --overlays 0 --images", pictures, "--out", tmp_path / "out")
    assert saccadeworld(*command, "--size 16").code == 0
    assert "has maps of side 16, not 24" in saccadeworld(*command, "--size 24 --existing keep").err
    assert saccadeworld(*command, "--size 24 --existing replace").code == 0
    assert saccadeworld(*command, "--size 24 --existing keep").code == 0
    (pictures / "a.png").rename(pictures / "z.png")
    assert "uniform.txt does not list the pictures of" in saccadeworld(*command, "--size 24 --existing keep").err


def test_scores_stand_beside_the_levels(saccadeworld, tmp_path, pictures, fixations):
    out = tmp_path / "out"
    options = ("--images", pictures, "--fixations", fixations, "--out", out)
    result = saccadeworld("saliency --model uniform spectral-residual", *options)
    assert result.code == 0, result.err
    assert "2 pictures without fixations of two observers, which are not scored: deep/tall.bmp, grey.png" in result.out
    assert "1 fixated pictures that are not in the folder: absent.png" in result.out
    metrics = results(out)["metrics"]
    for metric, chance in {"nss": 0, "auc-judd": 0.5, "auc-borji": 0.5, "auc-shuffled": 0.5, "cc": 0}.items():
        assert metrics[f"uniform/{metric}"] == pytest.approx(chance)
        assert metrics[f"uniform/{metric}/spread"] == pytest.approx(0)
    assert metrics["learned-centre-bias/information-gain"] == 0
    rows = ("uniform", "spectral-residual", "learned-centre-bias", "inter-observer")
    assert all(f"{row}/{metric}" in metrics for row in rows for metric in ("information-gain", "sim", "kl", "nss"))
    rows = ("uniform", "spectral-residual", "inter-observer", "people-on-other-pictures")
    assert all(0 <= metrics[f"{row}/scanmatch"] <= 1 for row in rows)
    cell = "{:.3f} ± {:.3f}".format(*(metrics[f"spectral-residual/nss{end}"] for end in ("", "/spread")))
    assert cell in result.out
    assert cell in (out / "report.html").read_text()
    assert f"| spectral-residual | {cell} |" in (out / "saliency.md").read_text()
    assert len(overlays(out)) == 3, "only what was fixated"


def test_fixations_on_the_squares_of_an_array(saccadeworld, tmp_path, pictures, fixations):
    command = "saliency --layout array --size 16 --model centre-bias --overlays 1"
    result = saccadeworld(command, "--images", pictures, "--fixations", fixations, "--out", tmp_path / "out")
    assert result.code == 0, result.err
    assert "centre-bias/nss" in results(tmp_path / "out")["metrics"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--model best", "saliency='best' is not known; use one of 'uniform'"),
        ("--model", "--model has no name after it"),
        ("--size 32", "--size 32 is for --layout array"),
        ("--layout array --size 4", "--size=4 is out of range; use at least 8"),
        ("--sigma 0", "--sigma=0.0 is out of range"),
        ("--inhibition -1", "--inhibition=-1.0 is out of range"),
        ("--overlays -1", "--overlays=-1 is out of range"),
        ("--seed -1", "seed=-1 is out of range"),
        ("--download", "--download fetches the weights of the model deepgaze"),
        ("--fixations nowhere", "no file nowhere"),
        ("--images nowhere", "there is no folder nowhere"),
        ("--device gpu", "device='gpu'"),
    ],
)
def test_mistakes_are_told_in_one_line(saccadeworld, tmp_path, pictures, options, message):
    images = () if "--images" in options else ("--images", pictures)
    result = saccadeworld(f"saliency {options} --out", tmp_path / "out", *images)
    assert (result.code, result.err.count("\n")) == (2, 1), result.err
    assert message in result.err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(importlib.util.find_spec("deepgaze_pytorch") is not None, reason="DeepGaze is there")
def test_a_model_that_is_not_installed(saccadeworld, tmp_path, pictures):
    result = saccadeworld("saliency --model deepgaze --images", pictures, "--out", tmp_path / "out")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "install it with `pip install git+https://github.com/matthias-k/DeepGaze`" in result.err


def test_a_kept_map_of_another_size_is_not_shown(saccadeworld, tmp_path, pictures):
    command = ("saliency --model uniform --images", pictures, "--out", tmp_path / "out")
    assert saccadeworld(*command).code == 0
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(pictures / "a.png")
    result = saccadeworld(*command, "--existing keep")
    assert result.code == 2
    assert "the map uniform has (32, 48) pixels, its picture (9, 9): make it anew" in result.err


def test_pictures_that_do_not_suit(saccadeworld, tmp_path, pictures, fixations):
    def refused(message: str) -> None:
        result = saccadeworld(
            "saliency --model uniform --images", pictures, "--fixations", fixations, "--out", tmp_path / "out"
        )
        assert (result.code, result.err.count("\n")) == (2, 1), result.err
        assert message in result.err
        assert not (tmp_path / "out").exists()

    (pictures / "a.bmp").write_bytes((pictures / "deep" / "tall.bmp").read_bytes())
    refused("the pictures a.bmp and a.png of")
    (pictures / "a.bmp").rename(pictures / "b.png")
    refused("fixations on 'b.png' may be on b.png or on deep/b.png")
    (pictures / "deep" / "b.png").unlink()
    refused("the picture b.png has 20 x 50 pixels, but fixations on 48 x 32")
    (pictures / "b.png").unlink()
    (pictures / "a.png").unlink()
    refused("1 of 3 pictures in")
    (pictures / "deep" / "er" / "c.png").unlink()
    for name in ("deep/tall.bmp", "grey.png"):
        (pictures / name).unlink()
    refused("none of 2 pictures in")
    for name in ("broken.jpg", "tiny.png"):
        (pictures / name).unlink()
    refused("there is no picture in")
