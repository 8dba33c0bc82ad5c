"""Boxes and arrows of an ownership picture, in units of the drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

BOX_WIDTH, BOX_HEIGHT = 176, 52
_BULGE = 56
_NAME, _SUB, _LABEL = 23, 28, 24  # characters that fit


@dataclass(frozen=True, slots=True)
class Place:
    """The upper left corner of a box; `across` when owners stand to the right."""

    x: float
    y: float
    across: bool = False

    @property
    def order(self) -> float:
        """Where it stands among its neighbours."""
        return self.y if self.across else self.x


@dataclass(frozen=True, slots=True)
class Box:
    """A party, placed."""

    x: float
    y: float
    width: int
    height: int
    middle: float
    name_y: float
    sub_y: float
    name: str
    sub: str
    title: str
    subject: bool
    deciding: bool
    undisclosed: bool

    @classmethod
    def at(cls, place: Place, name: str, note: str, *, subject: bool, deciding: bool, undisclosed: bool) -> "Box":
        """The box of a party whose words are cut to what fits; its title has all of them."""
        return cls(
            x=place.x,
            y=place.y,
            width=BOX_WIDTH,
            height=BOX_HEIGHT,
            middle=place.x + BOX_WIDTH / 2,
            name_y=place.y + 22,
            sub_y=place.y + 39,
            name=clip(name, _NAME),
            sub=clip(note, _SUB),
            title=f"{name}. {note}",
            subject=subject,
            deciding=deciding,
            undisclosed=undisclosed,
        )


@dataclass(frozen=True, slots=True)
class Edge:
    """A holding, drawn from the owner to the head of what it owns."""

    path: str
    tip: str
    label_x: float
    label_y: float
    anchor: str
    label: str
    deciding: bool
    dashed: bool
    loops: bool


def clip(text: str, limit: int) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


Point = tuple[float, float]


def edge_between(
    owner: Place,
    owned: Place,
    leaves: float,
    reaches: float,
    between: Sequence[Place],
    label: str,
    *,
    deciding: bool,
    dashed: bool,
    loops: bool,
    turn: int,
) -> Edge:
    """A soft curve with an arrow head; what it says stands beside the owner, where curves are still apart.

    `leaves` and `reaches` say where on the sides of the boxes it begins and ends, from 0 to 1; `between` are the gaps
    that it goes through on its way. One that `loops`, since the owner does not stand above, goes round on the right;
    `turn` keeps the words of one owner's curves apart.
    """
    if loops:
        return _loop(owner, owned, label, deciding=deciding)
    if owned.across:
        start = (owner.x, owner.y + BOX_HEIGHT * leaves)
        end = (owned.x + BOX_WIDTH + 7, owned.y + BOX_HEIGHT * reaches)
        stops = [point for gap in between for point in ((gap.x + BOX_WIDTH, gap.y), (gap.x, gap.y))]
        tip = f"M{end[0] + 1:g} {end[1] - 4:g}v8l-7 -4z"
        at, anchor = (start[0] - 8, start[1] - 3), "end"
    else:
        start = (owner.x + BOX_WIDTH * leaves, owner.y + BOX_HEIGHT)
        end = (owned.x + BOX_WIDTH * reaches, owned.y - 7)
        stops = [point for gap in between for point in ((gap.x, gap.y), (gap.x, gap.y + BOX_HEIGHT))]
        tip = f"M{end[0] - 4:g} {end[1] - 1:g}h8l-4 7z"
        at, anchor = (start[0], start[1] + 24 + 15 * turn), "middle"
    path = _through([start, *stops, end], across=owned.across)
    return Edge(path, tip, at[0], at[1], anchor, clip(label, _LABEL), deciding, dashed, loops=False)


def _through(points: Sequence[Point], *, across: bool) -> str:
    """A curve from point to point that leaves and reaches each of them straight."""
    path = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for (x1, y1), (x2, y2) in pairwise(points):
        if across:
            bend = (x2 - x1) * 0.6
            path.append(f"C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}")
        else:
            bend = (y2 - y1) * 0.6
            path.append(f"C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}")
    return "".join(path)


def _loop(owner: Place, owned: Place, label: str, *, deciding: bool) -> Edge:
    """Round on the right, from side to side."""
    start = (owner.x + BOX_WIDTH, owner.y + BOX_HEIGHT * 0.35)
    end = (owned.x + BOX_WIDTH + 7, owned.y + BOX_HEIGHT * 0.65)
    out = max(start[0], end[0]) + _BULGE
    path = f"M{start[0]:g} {start[1]:g}C{out:g} {start[1]:g} {out:g} {end[1]:g} {end[0]:g} {end[1]:g}"
    tip = f"M{end[0] + 1:g} {end[1] - 4:g}v8l-7 -4z"
    x, y = (start[0] + end[0]) / 8 + out * 0.75, (start[1] + end[1]) / 2  # the middle of the curve
    words = clip(label, _LABEL)
    return Edge(path, tip, round(x + 4, 1), y + 4, "start", words, deciding, dashed=True, loops=True)
