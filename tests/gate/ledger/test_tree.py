"""Roots and proofs, with pymerkle as the oracle."""

from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from tocsin.gate.ledger import tree

ENTRIES = [f"entry {i}".encode() for i in range(70)]
HASHES = [tree.leaf_hash(entry) for entry in ENTRIES]
NODE = tree.among(HASHES)
ORACLE = InmemoryTree(algorithm="sha256")
for one in ENTRIES:
    ORACLE.append_entry(one)

sizes = st.integers(1, len(ENTRIES))


def root(size):
    return tree.root(size, NODE)


@given(sizes)
def test_roots_are_the_oracles(size):
    assert root(size) == ORACLE.get_root(size)


@given(sizes, st.data())
def test_inclusion_proofs_are_the_oracles(size, data):
    index = data.draw(st.integers(0, size - 1))
    theirs = ORACLE.prove_inclusion(index + 1, size).path
    proof = tree.inclusion(index, size, NODE)
    assert proof == theirs[1:]  # the oracle's path begins with the leaf itself
    assert tree.includes(HASHES[index], index, size, proof, root(size))


@given(sizes, st.data())
def test_consistency_is_proven_for_every_pair(size, data):
    old = data.draw(st.integers(0, size))
    assert tree.extends(old, size, root(old), root(size), tree.consistency(old, size, NODE))


@given(st.integers(2, len(ENTRIES)), st.data())
def test_a_changed_proof_convinces_nobody(size, data):
    old, index = data.draw(st.integers(1, size - 1)), data.draw(st.integers(0, size - 1))
    wrong = bytes(32)
    proof = tree.inclusion(index, size, NODE)
    at = data.draw(st.integers(0, len(proof) - 1))
    assert not tree.includes(HASHES[index], index, size, [*proof[:at], wrong, *proof[at + 1 :]], root(size))
    assert not tree.includes(HASHES[index], index, size, [*proof, wrong], root(size))
    assert not tree.includes(HASHES[index], index, size, proof[:-1], root(size))
    ours = tree.consistency(old, size, NODE)
    assert not tree.extends(old, size, wrong, root(size), ours)
    assert not tree.extends(old, size, root(old), root(size), [*ours, wrong])
    assert not tree.extends(old, size, root(old), root(size), ours[:-1])


def test_edges_of_the_ranges_are_refused():
    assert not tree.includes(HASHES[0], 1, 1, [], root(1))
    assert not tree.extends(3, 2, root(3), root(2), [])
    assert not tree.extends(0, 2, b"x", root(2), [])
    assert tree.root(0, NODE) == ORACLE.get_root(0)


def test_the_published_vectors_of_certificate_transparency_hold():
    inputs = "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"
    node = tree.among([tree.leaf_hash(bytes.fromhex(text)) for text in inputs])
    assert tree.root(8, node).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert [one.hex() for one in tree.consistency(1, 8, node)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
