"""Layout of an ownership picture: owners above what they own, the deciding path marked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from compliance.selectors.parties import GraphNode, OwnershipGraph
from marketplace.forms.countries import country_name

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 176, 52, 24, 64, 8


@dataclass(frozen=True, slots=True)
class Holder:
    """A party in the picture; `note` is its second line."""

    id: str
    name: str
    note: str = ""
    deciding: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """`owner` holds `label` (such as `30 %`) of `owned`."""

    owner: str
    owned: str
    label: str
    deciding: bool = False


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


@dataclass(frozen=True, slots=True)
class Edge:
    """A holding, drawn from the owner's foot to the head of what it owns."""

    path: str
    tip: str
    label_x: float
    label_y: float
    label: str
    deciding: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """A picture of `width` by `height` units."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    description: str

    @property
    def has_deciding(self) -> bool:
        """Whether a path is marked."""
        return any(edge.deciding for edge in self.edges)


def levels(subject: str, holdings: Iterable[Holding]) -> dict[str, int]:
    """How many holdings each party stands above the subject: its shortest way, so that circles end."""
    edges = list(holdings)
    depth = {subject: 0}
    frontier = [subject]
    while frontier:
        above = []
        for edge in edges:
            if edge.owned in frontier and edge.owner not in depth:
                depth[edge.owner] = depth[edge.owned] + 1
                above.append(edge.owner)
        frontier = above
    return depth


def clip(text: str, limit: int = 24) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def ownership_graph(subject: str, holders: Sequence[Holder], holdings: Sequence[Holding]) -> Graph:
    """The picture of who owns the subject, as far as the given holdings reach."""
    depth = levels(subject, holdings)
    names = {holder.id: holder.name for holder in holders}
    rows: dict[int, list[Holder]] = {}
    for holder in holders:
        if holder.id in depth:
            rows.setdefault(depth[holder.id], []).append(holder)
    widest = max((len(row) for row in rows.values()), default=1)
    width = widest * BOX_WIDTH + (widest - 1) * GAP_X + 2 * MARGIN
    highest = max(rows, default=0)
    boxes = {
        holder.id: box_at(holder, subject, width, len(row), i, highest - level)
        for level, row in rows.items()
        for i, holder in enumerate(row)
    }
    shown = [edge for edge in holdings if edge.owner in boxes and edge.owned in boxes]
    return Graph(
        width=width,
        height=(highest + 1) * BOX_HEIGHT + highest * GAP_Y + 2 * MARGIN,
        boxes=tuple(boxes.values()),
        edges=tuple(edge_between(edge, boxes[edge.owner], boxes[edge.owned]) for edge in shown),
        description=". ".join(f"{names[e.owner]} holds {e.label} of {names[e.owned]}" for e in shown),
    )


def box_at(holder: Holder, subject: str, width: int, in_row: int, place: int, line: int) -> Box:
    """The box of a holder, its row centred in the picture."""
    row_width = in_row * BOX_WIDTH + (in_row - 1) * GAP_X
    x = (width - row_width) / 2 + place * (BOX_WIDTH + GAP_X)
    y = MARGIN + line * (BOX_HEIGHT + GAP_Y)
    return Box(
        x=x,
        y=y,
        width=BOX_WIDTH,
        height=BOX_HEIGHT,
        middle=x + BOX_WIDTH / 2,
        name_y=y + 22,
        sub_y=y + 39,
        name=clip(holder.name),
        sub=clip(holder.note, 28),
        title=f"{holder.name}. {holder.note}",
        subject=holder.id == subject,
        deciding=holder.deciding,
    )


def edge_between(edge: Holding, owner: Box, owned: Box) -> Edge:
    """A soft curve from owner to owned with an arrow head and the share in its middle."""
    x1, y1, x2, y2 = owner.middle, owner.y + BOX_HEIGHT, owned.middle, owned.y - 6
    bend = (y2 - y1) / 2
    return Edge(
        path=f"M{x1:g} {y1:g}C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}",
        tip=f"M{x2 - 4:g} {y2 - 1:g}h8l-4 7z",
        label_x=round((x1 + x2) / 2, 1),
        label_y=round((y1 + y2) / 2 + 4, 1),
        label=edge.label,
        deciding=edge.deciding,
    )


def picture_of(graph: OwnershipGraph, *, for_party: bool, decided: bool = True) -> Graph:
    """The drawing of a graph. A party sees what it declared itself, and no mark of what was found.

    Where nothing was `decided` yet, no path is marked as having decided it.
    """
    marked = decided and not for_party
    holders = [
        Holder(node.id, node.name, place_words(node) if for_party else node_words(node), node.deciding and marked)
        for node in graph.nodes
    ]
    holdings = [Holding(edge.owner, edge.owned, edge.label, edge.deciding and marked) for edge in graph.edges]
    return ownership_graph(graph.subject, holders, holdings)


def place_words(node: GraphNode) -> str:
    """Where the party is, and where it is directed from when that is elsewhere."""
    here, headquarters = country_name(node.country), node.headquarters_country
    return f"{here}, HQ {country_name(headquarters)}" if headquarters not in {"", node.country} else here


def node_words(node: GraphNode) -> str:
    """As `place_words`, with what officers must see at a glance."""
    marks = [word for word, is_so in (("listed", node.listed), ("restricted", node.restricted)) if is_so]
    return " · ".join([place_words(node), *marks])
