"""The Merkle tree against RFC 6962's own arithmetic and against every small tree there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.base import merkle
from compliance.base.merkle import Frontier, Tree, complete_root, consistent, included, leaf_hash

LEAVES = [leaf_hash(bytes([number])) for number in range(40)]
TREE = Tree(lambda level, index: complete_root(LEAVES[index << level : (index + 1) << level]))
# The leaves and the root of the certificate transparency project's reference tests.
REFERENCE = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
REFERENCE_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def frontier(leaves: list[bytes]) -> Frontier:
    grown = Frontier()
    for leaf in leaves:
        grown.add(leaf)
    return grown


def test_roots_are_those_of_the_reference_implementation():
    assert frontier([leaf_hash(bytes.fromhex(leaf)) for leaf in REFERENCE]).root().hex() == REFERENCE_ROOT
    assert Frontier().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert TREE.root(0) == Frontier().root()


@pytest.mark.parametrize("size", range(1, 41))
def test_every_leaf_is_proven_and_nothing_else_is(size):
    root = frontier(LEAVES[:size]).root()
    assert TREE.root(size) == root
    for index in range(size):
        proof = TREE.inclusion_proof(index, size)
        assert included(LEAVES[index], index, size, proof, root)
        assert not included(LEAVES[(index + 1) % 40], index, size, proof, root)
        assert not included(LEAVES[index], index, size, [*proof, root], root)
        if proof:
            assert not included(LEAVES[index], index, size, proof[:-1], root)
            assert not included(LEAVES[index], (index + 1) % size, size, proof, root)


@pytest.mark.parametrize("new", range(1, 41))
def test_every_beginning_is_proven_and_no_other(new):
    for old in range(1, new + 1):
        proof = TREE.consistency_proof(old, new)
        assert consistent(old, new, proof, TREE.root(old), TREE.root(new))
        assert not consistent(old, new, proof, merkle.EMPTY_ROOT, TREE.root(new))
        assert not consistent(old, new, proof, TREE.root(old), merkle.EMPTY_ROOT)
        assert not consistent(old, new, [*proof, TREE.root(new)], TREE.root(old), TREE.root(new))
        for place in range(len(proof)):
            forged = [*proof[:place], merkle.EMPTY_ROOT, *proof[place + 1 :]]
            assert not consistent(old, new, forged, TREE.root(old), TREE.root(new))


@given(st.integers(-3, 60), st.integers(-3, 60), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_made_up_proofs_are_refused_without_an_error(first, second, proof):
    assert not included(LEAVES[0], first, second, proof, b"?" * 32)
    assert not consistent(first, second, proof, b"?" * 32, b"!" * 32)


def test_a_proof_of_what_is_not_there_is_not_made():
    with pytest.raises(ValueError, match="outside"):
        TREE.inclusion_proof(5, 5)
    for sizes in ((0, 5), (6, 5)):
        with pytest.raises(ValueError, match="smaller"):
            TREE.consistency_proof(*sizes)
