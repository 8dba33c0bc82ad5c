"""Who owns whom as people see it: the picture, and the words beside it."""

from collections import defaultdict

from compliance.selectors.parties import GraphEdge, GraphNode, OwnershipGraph
from marketplace.forms.countries import country_name
from marketplace.views.ownership_layout import Graph, Holder, Holding, ownership_graph


def picture_of(graph: OwnershipGraph, *, for_party: bool, decided: bool = True) -> Graph:
    """The drawing of a graph, one arrow for each pair. A party sees what it declared, and no mark of what was found.

    Where nothing was `decided` yet, no path is marked as having decided it.
    """
    marked = decided and not for_party
    holders = [
        Holder(
            node.id,
            node.name,
            place_words(node) if for_party else node_words(node),
            node.deciding and marked,
            bool(node.undisclosed),
        )
        for node in graph.nodes
    ]
    pairs: dict[tuple[str, str], list[GraphEdge]] = defaultdict(list)
    for edge in graph.edges:
        pairs[edge.owner, edge.owned].append(edge)
    holdings = [
        Holding(
            *pair,
            label=" · ".join(edge.label for edge in edges),
            deciding=marked and any(edge.deciding for edge in edges),
            indirect=not any(edge.direct for edge in edges),
        )
        for pair, edges in pairs.items()
    ]
    return ownership_graph(graph.subject, holders, holdings)


def place_words(node: GraphNode) -> str:
    """Where the party is, and where it is directed from when that is elsewhere."""
    if node.undisclosed:
        return "not disclosed"
    here, headquarters = country_name(node.country), node.headquarters_country
    return f"{here}, HQ {country_name(headquarters)}" if headquarters not in {"", node.country} else here


def node_words(node: GraphNode) -> str:
    """As `place_words`, after what officers must see at a glance: a long place is cut at its end."""
    marks = [word for word, is_so in (("listed", node.listed), ("restricted", node.restricted)) if is_so]
    return " · ".join([*marks, place_words(node) or "country not known"])
