"""One block of bytes with named sections, read in place: numbers, texts by number, lists of numbers by key."""

import json
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from math import isqrt
from typing import Literal, Protocol, TypeAlias

FORMAT = b"gridclear-index-1\n"
_DIGEST = 32  # bytes
_ALIGNED = 8  # bytes; arrays of 64-bit numbers begin at multiples of it
Bytes = bytes | bytearray | memoryview
Numbers: TypeAlias = "memoryview[int]"
Typecode = Literal["B", "I", "Q"]


class DamagedIndex(ValueError):
    """The bytes are no index, or not what was written."""


class TextList(Protocol):
    """Texts by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> str: ...


class IntLists(Protocol):
    """Lists of numbers by key."""

    def get(self, key: str) -> Sequence[int]:
        """The key's numbers; none for a key that is not there."""

    def keys(self) -> Iterable[int]:
        """The keys, each by its digest."""


class Sections(Protocol):
    """What was written, by name."""

    def numbers(self, name: str, typecode: Typecode = "I") -> Sequence[int]:
        """The section's numbers."""

    def texts(self, name: str) -> TextList:
        """The section's texts."""

    def lists(self, name: str) -> IntLists:
        """The section's lists."""


class Writer:
    """Sections in; one block out, to be kept and shared, or the sections as they are, for this process alone."""

    def __init__(self) -> None:
        self._numbers: dict[str, array[int]] = {}
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, dict[str, Sequence[int]]] = {}

    def numbers(self, name: str, values: Iterable[int], typecode: Typecode = "I") -> None:
        """The section holds the numbers: B of one byte, I of four, Q of eight."""
        self._numbers[name] = array(typecode, values)

    def texts(self, name: str, values: Iterable[str]) -> None:
        """The section holds the texts, each found by its number."""
        self._texts[name] = list(values)

    def lists(self, name: str, values: Mapping[str, Sequence[int]]) -> None:
        """The section holds a list of numbers for each key."""
        self._lists[name] = dict(values)

    def block(self) -> bytes:
        """All of it, with a digest that tells damage; of the keys of lists only their digests are kept."""
        packed = _Packed()
        for name, numbers in self._numbers.items():
            packed.add(name, numbers.tobytes())
        for name, texts in self._texts.items():
            packed.add_texts(name, texts)
        for name, lists in self._lists.items():
            packed.add_lists(name, lists)
        return packed.block()

    def held(self) -> "Held":
        """All of it, in this process's memory."""
        return Held(self._numbers, self._texts, self._lists)


class Held:
    """Sections in this process's memory: three times as fast to look up as a block, and not to be shared."""

    def __init__(
        self,
        numbers: Mapping[str, Sequence[int]],
        texts: Mapping[str, Sequence[str]],
        lists: Mapping[str, Mapping[str, Sequence[int]]],
    ) -> None:
        self._numbers, self._texts, self._lists = numbers, texts, lists

    def numbers(self, name: str, typecode: Typecode = "I") -> Sequence[int]:
        """The section's numbers, whatever their size."""
        return self._numbers[name]

    def texts(self, name: str) -> Sequence[str]:
        """The section's texts."""
        return self._texts[name]

    def lists(self, name: str) -> "HeldLists":
        """The section's lists."""
        return HeldLists(self._lists[name])


class HeldLists:
    """Lists of numbers by key."""

    def __init__(self, lists: Mapping[str, Sequence[int]]) -> None:
        self._lists = lists

    def get(self, key: str) -> Sequence[int]:
        """The key's numbers; none for a key that is not there."""
        return self._lists.get(key, ())

    def keys(self) -> Iterable[int]:
        """The keys, each by its digest."""
        return map(key_of, self._lists)


class _Packed:
    """Sections one after another, with where each begins."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._places: dict[str, tuple[int, int]] = {}
        self._size = 0

    def add(self, name: str, content: bytes) -> None:
        self._places[name] = (self._size, len(content))
        padding = -len(content) % _ALIGNED
        self._parts.append(content + b"\0" * padding)
        self._size += len(content) + padding

    def add_texts(self, name: str, values: Iterable[str]) -> None:
        ends, encoded, size = array("I", [0]), [], 0
        for value in values:
            encoded.append(value.encode("utf-8", "surrogatepass"))
            size += len(encoded[-1])
            ends.append(size)
        self.add(f"{name}.ends", ends.tobytes())
        self.add(name, b"".join(encoded))

    def add_lists(self, name: str, values: Mapping[str, Iterable[int]]) -> None:
        ordered = sorted((key_of(key), numbers) for key, numbers in values.items())
        ends, flat = array("I", [0]), array("I")
        for _, numbers in ordered:
            flat.extend(numbers)
            ends.append(len(flat))
        self.add(f"{name}.keys", array("Q", (key for key, _ in ordered)).tobytes())
        self.add(f"{name}.ends", ends.tobytes())
        self.add(name, flat.tobytes())

    def block(self) -> bytes:
        head = json.dumps(self._places).encode()
        head += b" " * (-(len(FORMAT) + _DIGEST + 8 + len(head)) % _ALIGNED)
        body = b"".join([len(head).to_bytes(8, "little"), head, *self._parts])
        return FORMAT + blake2b(body, digest_size=_DIGEST).digest() + body


class Block:
    """A block opened. Only read, so that threads and processes share it."""

    def __init__(self, content: Bytes) -> None:
        """Raises `DamagedIndex`."""
        view = memoryview(content).toreadonly()
        start = len(FORMAT) + _DIGEST
        if bytes(view[: len(FORMAT)]) != FORMAT or len(view) < start + 8:
            raise DamagedIndex("these bytes are no index")
        if blake2b(view[start:], digest_size=_DIGEST).digest() != bytes(view[len(FORMAT) : start]):
            raise DamagedIndex("the index was damaged")
        head = int.from_bytes(view[start : start + 8], "little")
        self._places: dict[str, tuple[int, int]] = json.loads(bytes(view[start + 8 : start + 8 + head]))
        self._body = view[start + 8 + head :]

    def numbers(self, name: str, typecode: Typecode = "I") -> Numbers:
        """The section's numbers, in place."""
        start, length = self._places[name]
        return self._body[start : start + length].cast(typecode)

    def texts(self, name: str) -> "Texts":
        """The section's texts."""
        return Texts(self.numbers(f"{name}.ends"), self.numbers(name, "B"))

    def lists(self, name: str) -> "Lists":
        """The section's lists."""
        return Lists(self.numbers(f"{name}.keys", "Q"), self.numbers(f"{name}.ends"), self.numbers(name))


class Texts:
    """Texts by number."""

    def __init__(self, ends: Numbers, content: Numbers) -> None:
        self._ends, self._content = ends, content

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int, /) -> str:
        return str(self._content[self._ends[number] : self._ends[number + 1]], "utf-8", "surrogatepass")


class Lists:
    """Lists of numbers by key."""

    def __init__(self, keys: Numbers, ends: Numbers, flat: Numbers) -> None:
        self._keys, self._ends, self._flat = keys, ends, flat
        self._near = isqrt(len(keys)) + 1  # twice as far as even a middle one strays, two times of three

    def get(self, key: str) -> list[int]:
        """The key's numbers; none for a key that is not there."""
        wanted = key_of(key)
        at = self._place(wanted)
        if at == len(self._keys) or self._keys[at] != wanted:
            return []
        numbers: list[int] = self._flat[self._ends[at] : self._ends[at + 1]].tolist()
        return numbers

    def _place(self, wanted: int) -> int:
        """Where the digest stands, or would stand. Digests lie evenly, so that it is sought near where it should be."""
        keys, size = self._keys, len(self._keys)
        about = wanted * size >> 64
        low, high = max(0, about - self._near), min(size, about + self._near)
        if (low and keys[low - 1] >= wanted) or (high < size and keys[high] < wanted):
            low, high = 0, size
        return bisect_left(keys, wanted, low, high)

    def keys(self) -> Iterable[int]:
        """The keys, each by its digest."""
        return self._keys


def packed_keys(keys: Iterable[str]) -> bytes:
    """The digests of the keys, each once, to be kept and held against those of an index by `share_a_key`."""
    return array("Q", sorted({key_of(key) for key in keys})).tobytes()


def share_a_key(packed: Bytes, digests: frozenset[int]) -> bool:
    """Whether one of the packed keys is among the digests."""
    return not digests.isdisjoint(memoryview(packed).cast("Q"))


def key_of(key: str) -> int:
    """A 64-bit digest of the key: two keys of one are so rare that they may cost a comparison and no more."""
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
