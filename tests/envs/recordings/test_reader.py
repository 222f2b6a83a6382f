import numpy as np
import pytest
from saccadeworld.envs.recordings.reader import check_kind

PICTURES = (np.uint8, (None, None, 3))


def test_a_column_of_its_kind_is_let_pass():
    check_kind("here", np.dtype("u1"), (5, 12, 16, 3), PICTURES)
    check_kind("here", np.dtype("<i8"), (0,), (np.int64, ()))


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [
        (np.dtype("i1"), (5, 12, 16, 3)),
        (np.dtype("u1"), (5, 12, 16, 4)),
        (np.dtype("u1"), (5, 12, 16)),
        (np.dtype("u1"), ()),
        (np.dtype("O"), (5, 12, 16, 3)),
        ("Group", ()),
    ],
)
def test_any_other_is_refused_by_its_place_and_both_kinds(dtype, shape):
    with pytest.raises(ValueError, match=r"^here is .* of shape .*; it must be uint8 of shape \('rows', None, None, 3"):
        check_kind("here", dtype, shape, PICTURES)
