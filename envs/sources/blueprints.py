"""Plans of everyday things, from random proportions and colours to coloured solids.

Things stand upright on z; those with a front or a length lie along x, those with a face look along +y. None has a
rotation that maps it onto itself, so a view can tell the pose.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable

import numpy as np

from .primitives import Solid, Vector, arc, box, cylinder, ellipsoid, lathe, prism, ring, tube

Part = tuple[Solid, np.ndarray]


class Dice:
    """Random proportions and colours, read off a row of uniform numbers in [0, 1)."""

    def __init__(self, numbers: list[float]) -> None:
        self._numbers = iter(numbers)
        self._hue = self.between(0, 1)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * next(self._numbers)

    def paint(self) -> np.ndarray:
        """Linear RGB of a hue well apart from that of the paint before."""
        self._hue = (self._hue + self.between(0.2, 0.5)) % 1
        return self._colour(self.between(0.45, 0.95), self.between(0.3, 0.8))

    def dull(self) -> np.ndarray:
        """Linear RGB of rubber, wood or metal: little saturation."""
        self._hue = self.between(0, 1)
        return self._colour(self.between(0.05, 0.35), self.between(0.05, 0.5))

    def _colour(self, saturation: float, value: float) -> np.ndarray:
        return np.array(colorsys.hsv_to_rgb(self._hue, saturation, value))


def _cup(radius: float, height: float, foot: float, wall: float) -> Solid:
    inner = radius - wall
    return lathe([(0, 0), (foot, 0), (radius, height), (inner, height), (foot - wall, wall), (0, wall)], 14)


def mug(d: Dice) -> list[Part]:
    radius, height = d.between(0.32, 0.5), d.between(0.75, 1.2)
    reach, tall = d.between(0.2, 0.34), d.between(0.22, 0.36) * height
    handle = tube(arc(1.0, -math.pi / 2, math.pi / 2, 8), d.between(0.13, 0.2), 6).scaled(reach, 0.3, tall)
    body, other = d.paint(), d.paint()
    band = lathe([(radius * 1.01, 0.0), (radius * 1.01, 0.12)], 14)
    return [
        (_cup(radius, height, radius * d.between(0.75, 1.0), 0.05), body),
        (handle.moved(radius * 0.93, 0, height * d.between(0.45, 0.58)), other),
        (band.moved(z=height * 0.86), other),
    ]


def teapot(d: Dice) -> list[Part]:
    wide, high = d.between(0.42, 0.55), d.between(0.32, 0.45)
    body, other, third = d.paint(), d.paint(), d.paint()
    lift = d.between(0.2, 0.4)
    curve = [(wide * 0.75, 0, -high * 0.35), (wide + 0.15, 0, 0.0), (wide + 0.32, 0, high * 0.55 + lift)]
    handle = tube(arc(1.0, math.pi / 2, 3 * math.pi / 2, 7), 0.16).scaled(d.between(0.26, 0.4), 0.35, high * 0.65)
    lid = lathe([(0.0, 0.0), (0.26, 0.0), (0.2, 0.08), (0.05, 0.12), (0.09, 0.19), (0.0, 0.24)], 10)
    return [
        (ellipsoid(wide, wide, high, 6, 12), body),
        (tube(curve, [0.14, 0.09, 0.06]), other),
        (handle.moved(-wide * 0.9), other),
        (lid.moved(z=high * 0.86), third),
        (cylinder(wide * 0.6, 0.1, wide * 0.5, 10).moved(z=-high - 0.02), third),
    ]


def chair(d: Dice) -> list[Part]:
    width, depth, leg = d.between(0.45, 0.65), d.between(0.45, 0.6), d.between(0.4, 0.6)
    back, lean = d.between(0.45, 0.85), d.between(0.0, 0.25)
    seat, wood, cushion = d.paint(), d.dull(), d.paint()
    thick = d.between(0.05, 0.09)
    parts = [(box(width, depth, 0.08), seat), (box(width * 0.86, depth * 0.8, 0.06).moved(z=0.06), cushion)]
    for x in (-1, 1):
        for y in (-1, 1):
            place = x * (width / 2 - thick / 2), y * (depth / 2 - thick / 2), -leg / 2
            parts.append((box(thick, thick, leg).moved(*place), wood))
        post = box(thick, thick, back).moved(x * (width / 2 - thick / 2), 0, back / 2)
        parts.append((post.turned("x", lean).moved(y=-depth / 2 + thick / 2), wood))
    rest = box(width, 0.05, back * d.between(0.3, 0.6))
    parts.append((rest.moved(z=back * 0.72).turned("x", lean).moved(y=-depth / 2 + thick / 2), seat))
    arm = d.between(0.18, 0.3)  # one arm rest only
    parts.append((box(0.07, depth * 0.9, 0.06).moved(width / 2, 0, arm), cushion))
    parts.append((box(thick, thick, arm).moved(width / 2, depth * 0.35, arm / 2), wood))
    return parts


def lamp(d: Dice) -> list[Part]:
    lower, upper = d.between(0.5, 0.75), d.between(0.4, 0.6)
    first, second = d.between(0.15, 0.5), d.between(0.9, 1.5)
    metal, shade, base = d.dull(), d.paint(), d.paint()
    elbow = (-math.sin(first) * lower, 0.0, math.cos(first) * lower)
    tip = (elbow[0] + math.sin(second) * upper, 0.0, elbow[2] + math.cos(second) * upper)
    hood = lathe([(0.0, 0.1), (0.05, 0.1), (0.26, -0.22), (0.22, -0.2), (0.0, 0.02)], 12)
    return [
        (cylinder(d.between(0.2, 0.3), 0.08, sides=12).moved(z=-0.08), base),
        (tube([(0, 0, 0), elbow], 0.035, 6), metal),
        (tube([elbow, tip], 0.035, 6), metal),
        (ellipsoid(0.07, 0.07, 0.07, 4, 6).moved(*elbow), base),
        (hood.scaled(1, 1, d.between(0.9, 1.4)).turned("y", -d.between(0.2, 0.7)).moved(*tip), shade),
        (ellipsoid(0.09, 0.09, 0.09, 4, 6).moved(tip[0] + 0.03, 0, tip[2] - 0.1), base),
    ]


def hammer(d: Dice) -> list[Part]:
    length, head = d.between(0.9, 1.3), d.between(0.18, 0.26)
    steel, grip = d.dull(), d.paint()
    claw = [(0.0, -0.08), (0.3, -0.16), (0.42, -0.26), (0.32, -0.02), (0.0, 0.1)]
    return [
        (cylinder(0.06, length, 0.045, 8), grip),
        (cylinder(0.075, length * 0.4, 0.065, 8).moved(z=-0.005), d.paint()),
        (box(0.22, 0.16, 0.2).moved(z=length), steel),
        (cylinder(0.1, head, sides=10).turned("y", -math.pi / 2).moved(-0.1, 0, length), steel),
        (cylinder(0.13, 0.08, sides=10).turned("y", -math.pi / 2).moved(-0.1 - head, 0, length), steel),
        (prism(claw, d.between(0.12, 0.2)).moved(0.1, 0, length), d.paint()),
    ]


def car(d: Dice) -> list[Part]:
    length, width, height = d.between(1.0, 1.4), d.between(0.45, 0.58), d.between(0.18, 0.28)
    wheel, cabin = d.between(0.12, 0.17), d.between(0.4, 0.6) * length
    body, glass, rubber, light = d.paint(), d.dull(), d.dull() * 0.4, d.paint()
    back = -length * d.between(0.42, 0.48)
    roof = [(back, 0.0), (back + cabin, 0.0), (back + cabin * 0.72, 0.24), (back + cabin * 0.15, 0.24)]
    parts = [
        (box(length, width, height), body),
        (prism(roof, width * 0.86).moved(z=height / 2), glass),
        (box(cabin * 0.5, width * 0.8, 0.03).moved(back + cabin * 0.43, 0, height / 2 + 0.25), body),
    ]
    for x in (-0.3, 0.32):
        for y in (-1, 1):
            disc = cylinder(wheel, 0.1, sides=10).moved(z=-0.05).turned("x", math.pi / 2)
            parts.append((disc.moved(x * length, y * width / 2, -height / 2), rubber))
    for y in (-0.32, 0.32):
        parts.append((box(0.04, 0.12, 0.08).moved(length / 2, y * width, 0.02), light))
    return parts


def plane(d: Dice) -> list[Part]:
    length, span, sweep = d.between(0.55, 0.75), d.between(0.5, 0.75), d.between(0.0, 0.35)
    body, wing, fin = d.paint(), d.paint(), d.paint()
    chord = d.between(0.22, 0.34)
    parts = [
        (ellipsoid(length, 0.12, 0.13, 8, 8), body),
        (ellipsoid(0.16, 0.08, 0.1, 4, 6).moved(length * 0.5, 0, 0.09), fin),
        (prism([(0, 0), (0.2, 0), (-0.02, 0.36), (-0.12, 0.36)], 0.04).moved(-length * 0.95, 0, 0.05), fin),
    ]
    for side in (-1, 1):
        for size, x, z in ((1.0, 0.1, -0.03), (0.4, -length * 0.82, 0.06)):
            blade = [
                (0, 0),
                (chord * size, 0),
                (-sweep * size + chord * 0.6 * size, span * size),
                (-sweep * size, span * size),
            ]
            panel = prism(blade, 0.04).turned("x", -side * math.pi / 2)
            parts.append((panel.moved(x - chord / 2 * size, 0, z), wing))
        engine = cylinder(0.06, 0.22, sides=8).turned("y", math.pi / 2)
        parts.append((engine.moved(0.05 - sweep / 2, side * span * 0.45, -0.09), body))
    return parts


def duck(d: Dice) -> list[Part]:
    long, wide, high = d.between(0.4, 0.55), d.between(0.26, 0.36), d.between(0.24, 0.33)
    head, neck = d.between(0.17, 0.23), d.between(0.12, 0.4)
    feathers, beak, wing, crown = d.paint(), d.paint(), d.paint(), d.paint()
    x, z = long * 0.7, high + neck
    parts = [
        (ellipsoid(long, wide, high, 6, 12), feathers),
        (tube([(x * 0.75, 0, 0.0), (x, 0, z)], [head * 0.8, head * 0.6], 8), crown),
        (ellipsoid(head, head * 0.9, head, 6, 8).moved(x, 0, z), crown),
        (cylinder(0.09, 0.24, 0.02, 6).scaled(0.6).turned("y", math.pi / 2).moved(x + head * 0.85, 0, z - 0.02), beak),
        (cylinder(0.14, 0.34, 0.0, 6).scaled(0.6).turned("y", -0.9).moved(-long * 0.75, 0, high * 0.15), wing),
    ]
    for side in (-1, 1):
        parts.append((ellipsoid(long * 0.55, 0.07, high * 0.5, 4, 8).moved(-0.08, side * wide * 0.92, 0.05), wing))
    return parts


def camera(d: Dice) -> list[Part]:
    width, height, depth = d.between(0.75, 1.0), d.between(0.45, 0.6), d.between(0.25, 0.35)
    radius, reach = d.between(0.16, 0.22), d.between(0.2, 0.5)
    body, leather, lens, knob = d.dull(), d.paint(), d.dull() * 0.5, d.paint()
    off = -width * d.between(0.02, 0.16)
    barrel = lathe([(0, 0), (radius, 0), (radius * 1.1, reach), (radius * 0.8, reach), (0, reach - 0.08)], 14)
    return [
        (box(width, depth, height), body),
        (box(width * 1.02, depth * 1.02, height * 0.55).moved(z=-height * 0.08), leather),
        (barrel.turned("x", -math.pi / 2).moved(off, depth / 2, -0.03), lens),
        (prism([(-0.18, 0), (0.18, 0), (0.1, 0.16), (-0.1, 0.16)], depth * 0.9).moved(off, 0, height / 2), body),
        (cylinder(0.07, 0.1, sides=8).moved(width * 0.36, 0, height / 2), knob),
        (box(0.14, 0.04, 0.1).moved(width * 0.34, depth / 2, height * 0.36), knob),
    ]


def tree(d: Dice) -> list[Part]:
    trunk, radius = d.between(0.6, 0.95), d.between(0.06, 0.1)
    crown, tall = d.between(0.28, 0.42), d.between(0.3, 0.5)
    bark, leaves, other = d.dull(), d.paint(), d.paint()
    start, reach = trunk * d.between(0.4, 0.6), d.between(0.4, 0.6)
    tip = (reach, 0.0, start + d.between(0.15, 0.4))
    twig = (-0.3, 0.0, trunk * 0.85)
    return [
        (cylinder(radius * 1.4, trunk + 0.1, radius, 8), bark),
        (ellipsoid(crown, crown * 0.9, tall, 6, 10).moved(-0.04, 0, trunk + tall * 0.7), leaves),
        (tube([(0, 0, start), (reach * 0.5, 0, start + 0.08), tip], [0.06, 0.045, 0.03]), bark),
        (ellipsoid(0.2, 0.18, 0.16, 5, 8).moved(tip[0] + 0.05, 0, tip[2] + 0.1), other),
        (tube([(0, 0, trunk * 0.7), twig], 0.03, 5).turned("z", d.between(0.5, 1.5)), bark),
    ]


def house(d: Dice) -> list[Part]:
    width, depth, wall = d.between(0.6, 0.95), d.between(0.5, 0.7), d.between(0.35, 0.6)
    roof = d.between(0.25, 0.5)
    plaster, tiles, wood, brick = d.paint(), d.paint(), d.paint(), d.dull()
    gable = [(-width / 2 - 0.07, 0.0), (width / 2 + 0.07, 0.0), (0.0, roof)]
    stack = 0.12 + roof
    return [
        (box(width, depth, wall).moved(z=wall / 2), plaster),
        (prism(gable, depth + 0.1).moved(z=wall), tiles),
        (box(0.13, 0.13, stack).moved(width * 0.26, -depth * 0.22, wall + stack / 2), brick),
        (box(0.18, 0.05, wall * 0.62).moved(-width * 0.22, depth / 2, wall * 0.31), wood),
        (box(0.2, 0.04, 0.16).moved(width * 0.22, depth / 2, wall * 0.6), brick),
        (box(0.3, 0.34, wall * 0.55).moved(width / 2 + 0.15, -depth * 0.1, wall * 0.275), tiles),
    ]


def key(d: Dice) -> list[Part]:
    bow, shaft, thick = d.between(0.18, 0.28), d.between(0.7, 1.0), d.between(0.045, 0.065)
    brass, other = d.paint(), d.paint()
    parts = [
        (ring(bow, thick * 1.2, 12, 6).scaled(1, 1, d.between(0.8, 1.3)), brass),
        (cylinder(thick, shaft, sides=8).turned("y", math.pi / 2).moved(bow), brass),
        (cylinder(thick * 1.7, 0.08, sides=8).turned("y", math.pi / 2).moved(bow + 0.06), other),
    ]
    for place, size in ((0.97, d.between(0.2, 0.34)), (0.8, d.between(0.12, 0.24)), (0.66, d.between(0.06, 0.14))):
        parts.append((box(0.1, thick * 1.3, size).moved(bow + shaft * place, 0, -size / 2), other))
    return parts


def snail(d: Dice) -> list[Part]:
    shell, foot = d.between(0.28, 0.38), d.between(0.5, 0.65)
    skin, spiral, mouth = d.paint(), d.paint(), d.paint()
    neck: list[Vector] = [(-foot, 0, 0), (0.0, 0, 0.02), (foot * 0.75, 0, 0.04), (foot, 0, d.between(0.22, 0.38))]
    head = neck[-1]
    coil = ring(shell * 0.66, shell * 0.34, 10, 7).scaled(1, d.between(0.8, 1.2), 1)
    parts = [
        (tube(neck, [0.03, 0.13, 0.12, 0.1], 8), skin),
        (coil.moved(-0.08, 0, shell + 0.06), spiral),
        (ellipsoid(shell * 0.5, shell * 0.34, shell * 0.5, 4, 8).moved(-0.08, 0, shell + 0.06), mouth),
        (ellipsoid(0.13, 0.11, 0.11, 4, 8).moved(head[0] + 0.02, 0, head[2]), skin),
    ]
    for side in (-1, 1):
        stalk = tube([(0, 0, 0), (0.1, 0, d.between(0.2, 0.32))], 0.028, 5).turned("x", -side * 0.3)
        parts.append((stalk.moved(head[0] + 0.04, side * 0.05, head[2] + 0.05), mouth))
    return parts


def boot(d: Dice) -> list[Part]:
    leg, radius, foot = d.between(0.45, 0.85), d.between(0.17, 0.23), d.between(0.4, 0.6)
    leather, sole, cuff = d.paint(), d.dull(), d.paint()
    shaft = lathe(
        [(0, 0), (radius * 0.9, 0), (radius * 1.1, leg), (radius * 0.9, leg), (radius * 0.7, leg * 0.6), (0, leg * 0.6)]
    )
    band = lathe([(radius * 1.08, 0.0), (radius * 1.2, 0.02), (radius * 1.2, 0.12), (radius * 1.0, 0.14)])
    tread = lathe([(0, 0), (1, 0), (1, 0.08), (0, 0.08)], 12).scaled(foot * 0.62, radius * 1.05, 1)
    return [
        (shaft.moved(z=0.12), leather),
        (band.moved(z=leg + 0.02), cuff),
        (ellipsoid(foot * 0.6, radius, 0.2, 6, 10).moved(foot * 0.5, 0, 0.16), leather),
        (tread.moved(foot * 0.42, 0, -0.08), sole),
        (box(0.24, radius * 1.5, 0.26).moved(-0.04, 0, -0.06), sole),
    ]


def boat(d: Dice) -> list[Part]:
    length, depth, beam = d.between(0.5, 0.7), d.between(0.18, 0.28), d.between(0.28, 0.4)
    mast, boom = d.between(0.8, 1.2), d.between(0.35, 0.55)
    hull, sail, jib, wood = d.paint(), d.paint(), d.paint(), d.dull()
    side = [(-length, 0), (-length * 0.8, -depth), (length * 0.55, -depth), (length * 1.15, 0.04)]
    swing = d.between(-0.6, 0.6)
    main = prism([(0.0, 0.12), (0.0, mast * 0.95), (-boom, 0.12)], 0.025).turned("z", swing)
    return [
        (prism(side, beam), hull),
        (box(length * 0.5, beam * 0.7, 0.14).moved(-length * 0.45, 0, 0.07), wood),
        (cylinder(0.03, mast, sides=6).moved(0.1), wood),
        (main.moved(0.08), sail),
        (prism([(0.0, 0.05), (length * 0.85, 0.05), (0.0, mast * 0.7)], 0.02).moved(0.16), jib),
    ]


def fish(d: Dice) -> list[Part]:
    long, high, thick = d.between(0.4, 0.55), d.between(0.2, 0.34), d.between(0.1, 0.17)
    scales, fins, eye = d.paint(), d.paint(), d.paint()
    tail = d.between(0.3, 0.45)
    fork = [(0, 0), (-0.4, -tail), (-0.22, 0), (-0.4, tail * d.between(0.7, 1.1))]
    parts = [
        (ellipsoid(long, thick, high, 6, 12), scales),
        (prism([(0.05, -0.06), (0.05, 0.06), *fork[1:][::-1]], 0.04).moved(-long * 0.9), fins),
        (prism([(-0.22, 0), (0.2, 0), (-0.14, d.between(0.25, 0.4))], 0.04).moved(0.0, 0, high * 0.85), fins),
        (prism([(-0.12, -0.07), (0.12, 0), (-0.02, 0)], 0.04).moved(0.05, 0, -high * 0.9), fins),
        (cylinder(thick * 0.55, 0.08, thick * 0.7, 8).turned("y", math.pi / 2).moved(long * 0.9, 0, -0.02), eye),
    ]
    for side in (-1, 1):
        parts.append((ellipsoid(0.05, 0.03, 0.05, 4, 6).moved(long * 0.62, side * thick * 0.72, high * 0.3), eye))
        flap = prism([(0, 0), (-0.26, -0.06), (-0.2, 0.1)], 0.03).turned("z", -side * 0.6)
        parts.append((flap.moved(0.12, side * thick * 0.9, -0.05), fins))
    return parts


BLUEPRINTS: dict[str, Callable[[Dice], list[Part]]] = {
    plan.__name__: plan
    for plan in (
        boat, boot, camera, car, chair, duck, fish, hammer, house, key, lamp, mug, plane, snail, teapot, tree
    )
}  # fmt: skip
