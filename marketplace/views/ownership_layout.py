"""Where boxes and arrows of an ownership picture go: owners above what they own, or beside it when there are many."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from marketplace.views.ownership_lines import BOX_HEIGHT, BOX_WIDTH, Box, Edge, Place, edge_between

GAP_X, GAP_Y, MARGIN = 24, 78, 12
ROW_GAP, COLUMN_GAP = 14, 136
WIDEST = 5  # boxes beside each other, before owners go to the right
LOOP = 150  # room beside the boxes for arrows of circles and what they say
SHRINKS_TO_FIT = 960  # wider pictures keep their size: smaller type could not be read
_SWEEPS = 3


@dataclass(frozen=True, slots=True)
class Holder:
    """A party in the picture; `note` is its second line."""

    id: str
    name: str
    note: str = ""
    deciding: bool = False
    undisclosed: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """`owner` holds `label` (such as `30 %`) of `owned`; `indirect` when others stand between."""

    owner: str
    owned: str
    label: str
    deciding: bool = False
    indirect: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One holding in words."""

    owner: str
    owner_note: str
    label: str
    owned: str
    deciding: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """A picture of `width` by `height` units; `rows` say the same in words, the subject's holders first."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    rows: tuple[Row, ...]
    description: str

    @property
    def has_deciding(self) -> bool:
        """Whether a path is marked."""
        return any(edge.deciding for edge in self.edges)

    @property
    def has_dashed(self) -> bool:
        """Whether a holding is indirect or closes a circle."""
        return any(edge.dashed for edge in self.edges)

    @property
    def is_wide(self) -> bool:
        """Whether it keeps its size and is moved sideways where there is less room."""
        return self.width > SHRINKS_TO_FIT

    @property
    def by_owned(self) -> tuple[tuple[str, tuple[Row, ...]], ...]:
        """The rows under the name of what is held, for narrow screens."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            found[row.owned].append(row)
        return tuple((owned, tuple(rows)) for owned, rows in found.items())


def levels(subject: str, holdings: Iterable[Holding]) -> dict[str, int]:
    """How many holdings each party stands above the subject, by its longest way; a holding that closes a circle
    counts for none, so that circles end."""
    owners: dict[str, list[str]] = defaultdict(list)
    for edge in holdings:
        owners[edge.owned].append(edge.owner)
    order, closing = _walked(subject, owners)
    depth = dict.fromkeys(order, 0)
    for owned in order:
        for owner in owners[owned]:
            if (owner, owned) not in closing:
                depth[owner] = max(depth[owner], depth[owned] + 1)
    return depth


def ownership_graph(subject: str, holders: Sequence[Holder], holdings: Sequence[Holding]) -> Graph:
    """The picture of who owns the subject, as far as the given holdings reach."""
    depth = levels(subject, holdings)
    known = {holder.id: holder for holder in holders if holder.id in depth}
    shown = [edge for edge in holdings if edge.owner in known and edge.owned in known and edge.owner != edge.owned]
    shown.sort(key=lambda edge: depth[edge.owned])  # stable: the subject's holders first
    gaps = {edge: _gaps(edge, depth) for edge in shown}
    places = _places(_ordered(known, depth, gaps), set(known))
    edges = _edges(shown, places, depth, gaps)
    drawn = [places[key] for key in known]
    return Graph(
        width=int(max(place.x for place in drawn) + BOX_WIDTH + MARGIN) + (LOOP if any(e.loops for e in edges) else 0),
        height=int(max(place.y for place in drawn) + BOX_HEIGHT + MARGIN),
        boxes=tuple(_box(known[key], subject, places[key]) for key in known),
        edges=edges,
        rows=tuple(
            Row(known[e.owner].name, known[e.owner].note, e.label, known[e.owned].name, e.deciding) for e in shown
        ),
        description=". ".join(f"{known[e.owner].name} holds {e.label} of {known[e.owned].name}" for e in shown),
    )


def _gaps(edge: Holding, depth: dict[str, int]) -> list[tuple[str, int]]:
    """A place in each row that the holding passes, from the owner down, so that it goes between boxes."""
    passed = range(depth[edge.owner] - 1, depth[edge.owned], -1)
    return [(f"{edge.owner}>{edge.owned}>{level}", level) for level in passed]


def _walked(subject: str, owners: dict[str, list[str]]) -> tuple[list[str], set[tuple[str, str]]]:
    """Everybody above the subject, each before its owners unless a circle closes; and the holdings that close one."""
    closing: set[tuple[str, str]] = set()
    done: list[str] = []
    path, seen = {subject}, {subject}
    work = [(subject, iter(owners[subject]))]
    while work:
        owned, rest = work[-1]
        owner = next(rest, None)
        if owner is None:
            work.pop()
            path.discard(owned)
            done.append(owned)
        elif owner in path:
            closing.add((owner, owned))
        elif owner not in seen:
            seen.add(owner)
            path.add(owner)
            work.append((owner, iter(owners[owner])))
    return done[::-1], closing


def _ordered(
    known: dict[str, Holder], depth: dict[str, int], gaps: dict[Holding, list[tuple[str, int]]]
) -> list[list[str]]:
    """The ids and gaps by level, those beside each other that hold or are held of the same."""
    rows: dict[int, list[str]] = defaultdict(list)
    for key in known:
        rows[depth[key]].append(key)
    near: dict[str, list[str]] = defaultdict(list)
    for edge, passed in gaps.items():
        for key, level in passed:
            rows[level].append(key)
        for one, other in pairwise([edge.owner, *(key for key, _ in passed), edge.owned]):
            near[one].append(other)
            near[other].append(one)
    found = [rows[level] for level in range(max(rows, default=0) + 1)]
    at = {key: index / len(row) for row in found for index, key in enumerate(row)}
    for sweep in range(_SWEEPS):
        for row in found if sweep % 2 == 0 else reversed(found):
            row.sort(key=lambda key: sum(at[each] for each in near[key]) / len(near[key]) if near[key] else at[key])
            at |= {key: (index + 0.5) / len(row) for index, key in enumerate(row)}
    return found


def _places(rows: list[list[str]], boxes: set[str]) -> dict[str, Place]:
    """Owners above, or where a row would be too wide, to the right. A gap's place is where it is passed."""
    across = max(sum(key in boxes for key in row) for row in rows) > WIDEST
    size, gap = (BOX_HEIGHT, ROW_GAP) if across else (BOX_WIDTH, GAP_X)
    step = BOX_WIDTH + COLUMN_GAP if across else BOX_HEIGHT + GAP_Y
    lengths = [sum(size if key in boxes else 0 for key in row) + gap * (len(row) - 1) for row in rows]
    found: dict[str, Place] = {}
    for level, row in enumerate(rows):
        along = MARGIN + (max(lengths) - lengths[level]) / 2
        down = MARGIN + (level if across else len(rows) - 1 - level) * step
        for key in row:
            found[key] = Place(down, along, across=True) if across else Place(along, down)
            along += (size if key in boxes else 0) + gap
    return found


def _edges(
    shown: list[Holding],
    places: dict[str, Place],
    depth: dict[str, int],
    gaps: dict[Holding, list[tuple[str, int]]],
) -> tuple[Edge, ...]:
    """The arrows; those that leave or reach one box do so beside each other, in the order of where they come from."""
    leaving: dict[str, list[Holding]] = defaultdict(list)
    reaching: dict[str, list[Holding]] = defaultdict(list)
    ways = {edge: [places[edge.owner], *(places[key] for key, _ in gaps[edge]), places[edge.owned]] for edge in shown}
    for edge in shown:
        if depth[edge.owner] > depth[edge.owned]:
            leaving[edge.owner].append(edge)
            reaching[edge.owned].append(edge)
    for held in leaving.values():
        held.sort(key=lambda edge: ways[edge][1].order)
    for held in reaching.values():
        held.sort(key=lambda edge: ways[edge][-2].order)
    return tuple(_edge(edge, ways[edge], leaving[edge.owner], reaching[edge.owned]) for edge in shown)


def _edge(edge: Holding, way: list[Place], out: list[Holding], into: list[Holding]) -> Edge:
    loops = edge not in out
    return edge_between(
        way[0],
        way[-1],
        0.5 if loops else (out.index(edge) + 1) / (len(out) + 1),
        0.5 if loops else (into.index(edge) + 1) / (len(into) + 1),
        way[1:-1],
        edge.label,
        deciding=edge.deciding,
        dashed=edge.indirect,
        loops=loops,
        turn=0 if loops else out.index(edge),
    )


def _box(holder: Holder, subject: str, place: Place) -> Box:
    return Box.at(
        place,
        holder.name,
        holder.note,
        subject=holder.id == subject,
        deciding=holder.deciding,
        undisclosed=holder.undisclosed,
    )
