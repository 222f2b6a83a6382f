"""Where the camera, the floor and the lights stand."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from types import MappingProxyType

from ..checks import check_fields, check_whole

Triple = tuple[float, float, float]

_MOST_RAYS = 8192  # along a side of a view, which takes gigabytes then


@dataclass(frozen=True)
class Setup:
    """A fixed camera, a floor and two lights around an object at the origin of a z-up world.

    Lengths are in diagonals of the object's bounding box, angles in radians. Colours and strengths are linear light; a
    strength is the radiance that a white matt surface facing the light sends back, so 1 is white in the picture.
    What changes from view to view is the stage: (floor hue in [0, 1], light theta in [0, pi/4], light phi in
    [0, 2 pi], light hue in [0, 1]), the spot light standing at polar angle theta from +z and azimuth phi from +x.

    Attributes:
        size: pixels per side.
        samples: samples per side of a pixel; 1 is no anti-aliasing, 2 takes four rays per pixel.
        camera_distance, camera_polar, camera_azimuth: the camera's place, polar angle from +z, azimuth from +x. It
            looks at the origin, upright.
        field_of_view: full angle between the left and the right edge of the view.
        floor: height of the floor, or None for none.
        floor_saturation, floor_value: with the stage's floor hue, the floor's colour.
        background: colour of what neither the object nor the floor covers.
        sun, sun_polar, sun_azimuth, sun_size: strength, direction and angular diameter of a light without shadow.
        spot, spot_distance: strength at the origin and distance from it of the light that casts shadows; it falls
            with the square of the distance.
        spot_cone, spot_blend: full angle of the cone, and the share of it (in the cosine) that fades out.
        spot_saturation, spot_value: with the stage's light hue, the spot light's colour.
        sky: light from everywhere above; from below comes what the floor reflects (without a floor, the sky again).
        stage: the stage where none is given.
    """

    size: int = 64
    samples: int = 1
    camera_distance: float = 2.5
    camera_polar: float = math.radians(55)
    camera_azimuth: float = math.pi / 2
    field_of_view: float = 0.44
    floor: float | None = -0.5
    floor_saturation: float = 0.35
    floor_value: float = 0.35
    background: Triple = (0.2, 0.2, 0.2)
    sun: float = 0.5
    sun_polar: float = 0.0
    sun_azimuth: float = 0.0
    sun_size: float = math.pi / 2
    spot: float = 0.7
    spot_distance: float = 4.0
    spot_cone: float = math.pi / 2
    spot_blend: float = 0.15
    spot_saturation: float = 0.15
    spot_value: float = 1.0
    sky: float = 0.12
    stage: tuple[float, float, float, float] = (0.58, math.pi / 5, 1.2, 0.12)

    def __post_init__(self) -> None:
        for name in ("background", "stage"):  # lists, when they come from JSON
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        check_fields(self)
        for name in ("size", "samples"):
            check_whole(name, getattr(self, name), 1)
        if self.size * self.samples > _MOST_RAYS:
            raise ValueError(
                f"size times samples is at most {_MOST_RAYS}, got size={self.size}, samples={self.samples}"
            )
        for field in fields(self):
            value = getattr(self, field.name)
            numbers = value if isinstance(value, tuple) else (value,)
            if not all(number is None or math.isfinite(number) for number in numbers):
                raise ValueError(f"{field.name} must be finite, got {value!r}")
        if not 0 < self.camera_polar < math.pi:
            raise ValueError(f"camera_polar lies strictly between 0 and pi, got {self.camera_polar}")
        if not 0 < self.field_of_view < math.pi:
            raise ValueError(f"field_of_view lies strictly between 0 and pi, got {self.field_of_view}")
        if self.camera_distance <= 0.5:
            raise ValueError(f"camera_distance must exceed 0.5, the object's radius, got {self.camera_distance}")
        if self.spot_distance <= 0.5:
            raise ValueError(f"spot_distance must exceed 0.5, the object's radius, got {self.spot_distance}")
        if not 0 < self.spot_cone < math.pi:
            raise ValueError(f"spot_cone lies strictly between 0 and pi, got {self.spot_cone}")
        if not 0 < self.sun_size <= math.pi / 2:
            raise ValueError(f"sun_size lies in (0, pi/2], got {self.sun_size}")
        if not 0 < self.spot_blend <= 1:
            raise ValueError(f"spot_blend lies in (0, 1], got {self.spot_blend}")


# Garrido, Najman & LeCun, "Self-supervised learning of split invariant equivariant representations" (ICML 2023) as
# rendered with BlenderProc. Blender's units: a sun of 1.5 W/m2 and a spot of 500 W at 4 m, over pi for radiance;
# Blender takes the HSV colours as linear light; its world is grey at 0.05.
_DIEBENCH = Setup(
    size=128,
    camera_distance=2.5,
    camera_polar=math.pi / 4,
    camera_azimuth=math.pi / 2,
    field_of_view=0.6911,
    floor=-1.0,
    floor_saturation=0.6,
    floor_value=0.6,
    background=(0.05, 0.05, 0.05),
    sun=1.5 / math.pi,
    sun_size=math.pi / 2,
    spot=500 / (4 * math.pi * 4.0**2) / math.pi,
    spot_distance=4.0,
    spot_cone=math.pi / 8,
    spot_blend=0.15,
    spot_saturation=1.0,
    spot_value=0.8,
    sky=0.05,
    stage=(0.58, math.pi / 8, math.pi / 3, 0.12),
)

SETUPS = MappingProxyType({"studio": Setup(), "3diebench": _DIEBENCH})
"""Set-ups by name: the default, in which the object fills the view, and that of the 3DIEBench data set."""
