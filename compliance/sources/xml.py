"""XML lists read as a stream: one subtree at a time is kept, and a document that declares entities is refused.

expat itself, and not ElementTree's iterparse, because only expat lets the document type be refused before it is read
(that is what makes entity bombs and external entities impossible), and because subtrees that nobody asked for are then
never built: OFAC's advanced list has 121 MB.
"""

import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterator
from pathlib import Path
from xml.parsers import expat

from compliance.sources.base import NotAList
from compliance.sources.files import open_list

_CHUNK = 1 << 16
# Far beyond any list: what lies deeper, or is larger in one piece, is made to fill the memory.
MAX_DEPTH = 100
MAX_PIECE_BYTES = 8 * 1024 * 1024


class _Builder:
    """Collects the wanted subtrees, names without their namespaces."""

    def __init__(self, root: str, wanted: Collection[str]) -> None:
        self.ready: list[ET.Element] = []
        self._root, self._wanted = root, wanted
        self._tree: ET.TreeBuilder | None = None
        self._depth = 0
        self._depth_in_all = 0
        self._began_at = 0
        self._seen_root = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if not self._seen_root:
            self._seen_root = True
            if tag != self._root:
                raise NotAList(f"the document begins with <{tag}> and not with <{self._root}>; the list was not loaded")
        self._depth_in_all += 1
        if self._depth_in_all > MAX_DEPTH:
            raise NotAList("the document is nested deeper than any list; it was not loaded")
        if self._tree is None and tag in self._wanted:
            self._tree, self._depth, self._began_at = ET.TreeBuilder(), 0, self.parser.CurrentByteIndex
            self.parser.CharacterDataHandler = self._tree.data
        if self._tree is not None:
            self._tree.start(tag, attributes)
            self._depth += 1

    def _end(self, name: str) -> None:
        self._depth_in_all -= 1
        if self._tree is None:
            return
        self._tree.end(name.rpartition(" ")[2])
        self._depth -= 1
        if self._depth == 0:
            self.ready.append(self._tree.close())
            self._tree = None
            self.parser.CharacterDataHandler = None

    def refuse_what_never_ends(self, fed: int) -> None:
        """Raises `NotAList` when one tag or entry is larger than any in a list; `fed` bytes were parsed so far."""
        since = self._began_at if self._tree is not None else self.parser.CurrentByteIndex
        if fed - since > MAX_PIECE_BYTES:
            raise NotAList("one piece of the document is larger than any entry of a list; it was not loaded")

    def _refuse(self, *_: object) -> None:
        raise NotAList("the document declares a document type or entities, which no list does; it was not loaded")


def subtrees(path: Path, root: str, wanted: Collection[str]) -> Iterator[ET.Element]:
    """The elements of the wanted names, in order, whole, each forgotten once the next is asked for.

    Raises `NotAList` when the document has another root, is not well-formed, ends too early or declares entities.
    """
    builder = _Builder(root, wanted)
    with open_list(path) as stream:
        fed = 0
        try:
            while chunk := stream.read(_CHUNK):
                builder.parser.Parse(chunk, False)
                yield from _drain(builder)
                fed += len(chunk)
                builder.refuse_what_never_ends(fed)
            builder.parser.Parse(b"", True)
        except (expat.ExpatError, LookupError) as error:
            raise NotAList(f"{path.name} is no whole XML document ({error}); the list was not loaded") from error
        yield from _drain(builder)


def text_of(element: ET.Element, path: str) -> str:
    """The text at the path, without surrounding space; "" when there is none."""
    return (element.findtext(path) or "").strip()


def _drain(builder: _Builder) -> Iterator[ET.Element]:
    ready, builder.ready = builder.ready, []
    yield from ready
