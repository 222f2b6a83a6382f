import base64
from io import BytesIO

import numpy as np
from PIL import Image
from saccadeworld.scripts.playing.pictures import data_url, heated


def test_an_address_holds_the_picture():
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    kind, content = data_url(picture[::-1]).split(",")
    assert kind == "data:image/png;base64"
    assert np.array_equal(Image.open(BytesIO(base64.b64decode(content))), picture[::-1])


def test_heat_is_where_the_map_is():
    picture = np.full((4, 4, 3), 100, dtype=np.uint8)
    saliency = np.zeros((4, 4))
    saliency[1, 2] = 1
    shown = heated(picture, saliency)
    assert np.array_equal(np.argwhere((shown != picture).any(2)), [[1, 2]])
