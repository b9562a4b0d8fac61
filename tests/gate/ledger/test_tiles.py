"""Paths, bundles and the growing edge after C2SP tlog-tiles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.gate.ledger import tiles, tree
from tocsin.gate.ledger.edge import Edge
from tocsin.model import BadInput, Tampered


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (1, 999, 7, "tile/1/999.p/7"),
        (2, 1000, 256, "tile/2/x001/000"),
        ("entries", 1234067, 1, "tile/entries/x001/x234/067.p/1"),
    ],
)
def test_paths_are_the_standards(level, index, width, path):
    assert tiles.tile_path(level, index, width) == path


def test_a_log_of_70000_has_the_tiles_of_the_standards_example():
    found = [tiles.tile_path(*tile) for tile in tiles.tiles_of(70_000)]
    assert found[272:] == ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_bundles_come_back(entries):
    assert tiles.decode_bundle(tiles.encode_bundle(entries)) == entries


def test_a_torn_bundle_and_a_long_entry_are_refused():
    with pytest.raises(Tampered):
        tiles.decode_bundle(tiles.encode_bundle([b"abc"])[:-1])
    with pytest.raises(BadInput):
        tiles.encode_bundle([bytes(65_536)])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 300), max_size=4))
def test_the_edge_leads_to_the_root_whatever_the_batches(batches):
    edge, entries = Edge(), []
    for count in batches:
        fresh = [f"{len(entries) + i}".encode() for i in range(count)]
        edge, entries = edge.grown(fresh)[0], entries + fresh
    hashes = [tree.leaf_hash(entry) for entry in entries]
    assert edge.root() == tree.root(len(hashes), tree.among(hashes))
    assert edge.size == len(entries)


def test_proofs_are_read_out_of_tiles(tmp_path):
    entries = [f"{i}".encode() for i in range(600)]
    for name, content in Edge().grown(entries)[1].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    memory = tree.among([tree.leaf_hash(entry) for entry in entries])
    reader = tiles.TileReader(tmp_path, 600)
    assert tree.inclusion(3, 600, reader) == tree.inclusion(3, 600, memory)
    assert tree.consistency(259, 600, reader) == tree.consistency(259, 600, memory)
    (tmp_path / "tile/0/000").unlink()
    with pytest.raises(Tampered, match="missing"):
        tree.inclusion(3, 600, tiles.TileReader(tmp_path, 600))
