import io

import cv2
import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from saccadeworld.envs.sources.banks import Mesh, MeshSet
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld, World
from saccadeworld.scripts.figures import as_gif, film, write_video
from saccadeworld.scripts.figures.films import _camera, _place, known


def test_every_world_has_a_film(world: World):
    frames = film(world, world.rollout(2, 3, seed=5))
    assert len(frames) == 2 * (3 + 1)
    assert {frame.shape for frame in frames} == {frames[0].shape}
    assert all(side % 2 == 0 for side in frames[0].shape[:2])
    assert np.array_equal(frames[2], frames[3]), "the end of an episode stays"
    assert not np.array_equal(frames[3], frames[4])
    again = film(world, world.rollout(2, 3, seed=5))
    assert all(map(np.array_equal, frames, again))


def test_frames_show_what_render_shows(images_world: ImagesWorld):
    rollout = images_world.rollout(1, 3, "uniform", seed=2)
    frame = film(images_world, rollout)[2]
    rendered = images_world.frame(int(rollout.scenes[0]), rollout.poses[0])
    below = frame[-rendered.shape[0] :]
    assert np.array_equal(below[:, : rendered.shape[1]], rendered)


def test_a_picture_is_known_where_it_was_seen(images_world: ImagesWorld):
    poses = torch.tensor([[10.0, 10.0], [14.0, 20.0], [39.0, 0.0]]) / 40
    picture = images_world.pictures[1].numpy()
    expected = np.full_like(picture, 160)
    for row, col in ((10, 10), (14, 20), (39, 0)):
        window = slice(max(0, row - 6), row + 6), slice(max(0, col - 6), col + 6)
        expected[window] = picture[window]
    assert np.array_equal(known(images_world, 1, poses), expected)


def test_of_several_views_the_nearest_counts(pictures):
    world = ImagesWorld(pictures, fovea=8, retina="pyramid", levels=3)
    poses = torch.tensor([[10.0, 10.0], [12.0, 24.0]]) / 40
    picture = known(world, 0, poses)
    for row, col in ((10, 10), (12, 24)):
        sharp = slice(row - 4, row + 4), slice(col - 4, col + 4)
        assert np.array_equal(picture[sharp], world.pictures[0].numpy()[sharp])


def arrow() -> MeshSet:
    """A red spike along the x axis of the body, wide at the back."""
    corners = np.array([[-0.4, -0.15, -0.15], [-0.4, 0.15, -0.15], [-0.4, 0, 0.2], [0.48, 0, 0]], np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]], np.int32)
    a, b, c = (corners[faces[:, i]] for i in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    red = np.array([[0.9, 0.0, 0.0]], np.float32).repeat(4, 0)
    uvs = np.zeros((4, 3, 2), np.float32)
    mesh = Mesh(corners, faces, normals[:, None].repeat(3, 1), red, uvs, np.full(4, -1, np.int32), ())
    return MeshSet((mesh,), torch.zeros(1, dtype=torch.int64), ("arrow",), ("arrow",))


@pytest.mark.parametrize("setup", ["studio", "3diebench"])
def test_axes_point_where_the_object_does(setup: str):
    """The tip of a spike, in the renderer's own picture."""
    world = ObjectsWorld(arrow(), size=96, setup=setup, rotations="so3", stage="setup")
    poses = world.rollout(12, 1, "uniform", seed=3).poses[:, 0]
    across, up, _ = _camera(world.setup)
    looked_at = 0
    for pose, view in zip(poses, world.views(torch.zeros(12, dtype=torch.int64), poses).int(), strict=True):
        red = (view[0] > 2 * view[1] + 20).nonzero().double()
        x, y, z, w = pose.tolist()
        axis = np.array([1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)])
        right, down = np.array(_place(axis, across, up)) - 192
        if np.hypot(right, down) < 110:  # towards the camera, or away from it
            continue
        looked_at += 1
        along = red @ torch.tensor([down, right], dtype=torch.float64)
        tip, end = red[along.argmax()], red[along.argmin()]
        seen, expected = (tip - end).numpy(), np.array([down, right])
        cosine = seen @ expected / np.linalg.norm(seen) / np.linalg.norm(expected)
        assert cosine > 0.9
        middle = red.mean(0) @ torch.tensor([down, right], dtype=torch.float64)
        assert along.max() - middle > middle - along.min(), "most of a spike lies behind its middle"
    assert looked_at >= 4


def test_gifs_keep_frames_and_time():
    frames = [np.full((8, 10, 3), (shade, 0, 255 - shade), np.uint8) for shade in (0, 100, 200, 200)]
    content = as_gif(frames, fps=2)
    assert content == as_gif(frames, fps=2)
    gif = Image.open(io.BytesIO(content))
    pictures = [(frame.info["duration"], np.asarray(frame.convert("RGB"))) for frame in ImageSequence.Iterator(gif)]
    assert [duration for duration, _ in pictures] == [500, 500, 1000], "equal frames are one that stays"
    for (_, picture), frame in zip(pictures, frames, strict=False):
        assert np.abs(picture.astype(int) - frame).max() <= 2
    assert gif.info["loop"] == 0


def test_an_opencv_without_the_codec_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("saccadeworld.scripts.figures.films._CODEC", "none")
    with pytest.raises(ValueError, match=r"a.mp4 cannot be written: this OpenCV has no VP9; install the wheel"):
        write_video(tmp_path / "a.mp4", [np.zeros((32, 48, 3), np.uint8)], 2.5)


def test_videos_keep_frames_and_time(tmp_path):
    frames = [np.full((32, 48, 3), (shade, 60, 250 - shade), np.uint8) for shade in (0, 100, 200)]
    for name in ("a", "b"):
        write_video(tmp_path / f"{name}.mp4", frames, 2.5)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    video = cv2.VideoCapture(str(tmp_path / "a.mp4"))
    assert video.get(cv2.CAP_PROP_FPS) == 2.5
    for frame in frames:
        there, read = video.read()
        assert there
        assert np.abs(read[..., ::-1].astype(int) - frame).mean() < 6
    assert not video.read()[0]
