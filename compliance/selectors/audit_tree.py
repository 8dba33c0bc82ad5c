"""The Merkle tree over the audit log as it is kept: roots and proofs from a handful of rows, however long the log."""

from dataclasses import dataclass

from compliance.base.audit import AuditSeal
from compliance.base.errors import NotFound
from compliance.base.merkle import Tree, complete_root, leaf_hash
from compliance.models import AuditCheckpoint, AuditNode

# Nodes are kept at every eighth level: between two of them lie 256 hashes to read.
STRIDE = 8
KEPT_LEVELS = (8, 16, 24)


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Link `sequence` (from 1) lies in the tree that the checkpoint signs; hashes in hex, lowest first."""

    sequence: int
    checkpoint: AuditCheckpoint
    path: tuple[str, ...]


def tree() -> Tree:
    """The tree over all links sealed so far."""
    return Tree(_Rows().node)


def subtree_hash(level: int, index: int) -> bytes:
    """The hash of a complete subtree of a kept level, made from the 256 hashes of the kept level below.

    Raises LookupError while these are not all there.
    """
    below = _leaves(index) if level == STRIDE else _kept(level - STRIDE, index)
    if len(below) != 1 << STRIDE:
        raise LookupError(f"the audit tree is not complete below level {level}, index {index}")
    return complete_root(below)


def inclusion_proofs(sequences: list[int]) -> list[InclusionProof]:
    """A proof for each link, all to the oldest checkpoint that covers them. Raises NotFound when none does yet."""
    if not sequences:
        return []
    checkpoint = AuditCheckpoint.objects.filter(size__gte=max(sequences)).order_by("size").first()
    if checkpoint is None:
        raise NotFound("No checkpoint covers these events yet. Run `manage.py audit checkpoint`.")
    over = tree()
    return [
        InclusionProof(
            sequence, checkpoint, tuple(h.hex() for h in over.inclusion_proof(sequence - 1, checkpoint.size))
        )
        for sequence in sequences
    ]


def consistency_proof(old_size: int, new_size: int) -> list[str]:
    """The hashes (hex) that show the log at `old_size` unchanged in the log at `new_size`. Raises NotFound."""
    sealed = AuditSeal.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    if not 0 < old_size <= new_size <= sealed:
        raise NotFound(f"The log has {sealed} links: a proof leads from a size above 0 to a larger one within it.")
    return [each.hex() for each in tree().consistency_proof(old_size, new_size)]


def newest_checkpoint() -> AuditCheckpoint | None:
    """The checkpoint signed last."""
    return AuditCheckpoint.objects.order_by("-size").first()


class _Rows:
    """Complete subtrees by level and index, read in blocks of 256 hashes that are remembered."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[int, int], list[bytes]] = {}

    def node(self, level: int, index: int) -> bytes:
        base = level - level % STRIDE
        if base and base not in KEPT_LEVELS:
            base = KEPT_LEVELS[-1]
        width = 1 << (level - base)
        first = index * width
        found: list[bytes] = []
        while len(found) < width:
            block = self._block(base, (first + len(found)) >> STRIDE)
            begin = (first + len(found)) % (1 << STRIDE)
            if begin >= len(block):
                raise LookupError(f"the audit tree lacks level {base}, index {first + len(found)}")
            found += block[begin : begin + width - len(found)]
        return complete_root(found)

    def _block(self, level: int, number: int) -> list[bytes]:
        """The hashes [number * 256, (number + 1) * 256) of the level, as far as they are there."""
        if (level, number) not in self._blocks:
            self._blocks[level, number] = _leaves(number) if level == 0 else _kept(level, number)
        return self._blocks[level, number]


def _leaves(number: int) -> list[bytes]:
    first = (number << STRIDE) + 1
    rows = AuditSeal.objects.filter(sequence__gte=first, sequence__lt=first + (1 << STRIDE)).order_by("sequence")
    return [leaf_hash(bytes.fromhex(link)) for link in rows.values_list("hash", flat=True)]


def _kept(level: int, number: int) -> list[bytes]:
    first = number << STRIDE
    rows = AuditNode.objects.filter(level=level, index__gte=first, index__lt=first + (1 << STRIDE)).order_by("index")
    return [bytes.fromhex(node) for node in rows.values_list("hash", flat=True)]
