"""Bundles: the same files give the same bytes, and no byte of one can be changed."""

import io
import json
import random
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.base import bundle
from compliance.base.bundle import NotABundle, json_bytes, read_bundle, write_bundle

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = [KEY.public_key().public_bytes_raw()]
FILES = {
    "evidence.json": json_bytes({"name": "Zoë", "n": 1}),
    "evidence.html": b"<p>Hello</p>",
    "rules/gridclear@2026-11-24/pack.toml": b'id = "gridclear"\n',
    "keys/0123456789abcdef.pem": b"-----BEGIN",
}
RAW = write_bundle(FILES, ["evidence.json"], KEY)


def archive(entries, compression=zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as made:
        for name, body in entries:
            made.writestr(name, body)
    return out.getvalue()


def test_the_same_files_give_the_same_bytes_and_read_back():
    assert write_bundle(dict(reversed(FILES.items())), ["evidence.json"], KEY) == RAW
    read = read_bundle(RAW, PUBLIC)
    assert read.faults == ()
    assert {name: read.files[name] for name in FILES} == FILES
    assert set(read.files) - set(FILES) == {"evidence.json.sig", "manifest.json", "manifest.json.sig"}


def test_any_zip_program_reads_it():
    with zipfile.ZipFile(io.BytesIO(RAW)) as made:
        assert made.testzip() is None
        assert made.read("evidence.json") == FILES["evidence.json"]


def test_a_byte_of_each_file_flipped_is_a_fault():
    with zipfile.ZipFile(io.BytesIO(RAW)) as made:
        for entry in made.infolist():
            body = made.read(entry)
            raw = bytearray(RAW)
            start = RAW.index(body, entry.header_offset)
            raw[start + len(body) // 2] ^= 1
            with pytest.raises(NotABundle):
                read_bundle(bytes(raw), PUBLIC)  # the ZIP's own checksum
            rewritten = {**{name: made.read(name) for name in made.namelist()}}
            changed = bytearray(body)
            changed[len(body) // 2] ^= 1
            rewritten[entry.filename] = bytes(changed)
            assert read_bundle(bundle._zip(rewritten), PUBLIC).faults


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(RAW) - 1), st.integers(1, 255))
def test_no_byte_of_the_archive_can_be_changed(place, difference):
    raw = bytearray(RAW)
    raw[place] ^= difference
    try:
        assert read_bundle(bytes(raw), PUBLIC).faults
    except NotABundle:
        return


@pytest.mark.parametrize("cut", [1, 22, 100, len(RAW) - 1])
def test_what_is_cut_short_or_longer_is_refused(cut):
    for raw in (RAW[:-cut], RAW[cut:], RAW + b"x" * cut):
        try:
            assert read_bundle(raw, PUBLIC).faults
        except NotABundle:
            continue


def test_another_key_does_not_count():
    other = Ed25519PrivateKey.generate()
    faults = read_bundle(write_bundle(FILES, ["evidence.json"], other), PUBLIC).faults
    assert faults == (
        "evidence.json.sig is not signed by a key that counts",
        "manifest.json.sig is not signed by a key that counts",
    )
    assert read_bundle(RAW, []).faults


def test_files_that_came_or_went_are_told():
    files = dict(read_bundle(RAW, PUBLIC).files)
    more = read_bundle(bundle._zip({**files, "more.txt": b"x"}), PUBLIC)
    assert more.faults == ("more.txt is not in the manifest",)
    del files["evidence.html"]
    assert read_bundle(bundle._zip(files), PUBLIC).faults == ("evidence.html is missing",)
    del files["evidence.json"]
    assert "evidence.json is missing" in read_bundle(bundle._zip(files), PUBLIC).faults


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b"{}", b'{"files": 1}', b'{"files": {"a": 1}}', b"[" * 100_000])
def test_a_manifest_that_is_none_is_a_fault(manifest):
    files = dict(read_bundle(RAW, PUBLIC).files) | {"manifest.json": manifest}
    assert "the manifest cannot be read" in read_bundle(bundle._zip(files), PUBLIC).faults


def test_a_manifest_of_another_format_is_a_fault():
    files = dict(read_bundle(RAW, PUBLIC).files)
    other = json.loads(files["manifest.json"]) | {"format": "something/2"}
    files["manifest.json"] = json_bytes(other)
    files["manifest.json.sig"] = KEY.sign(files["manifest.json"])
    assert read_bundle(bundle._zip(files), PUBLIC).faults == ("the manifest is of another format",)


@pytest.mark.parametrize(
    "name",
    [
        "../evidence.json",
        "a/../../b.txt",
        "/etc/passwd.txt",
        "C:\\a.txt",
        "a\\b.txt",
        "a//b.txt",
        "./a.txt",
        "a/./b.txt",
        ".hidden.txt",
        "a\x00.txt",
        "a\n.txt",
        "näme.txt",
        "con.txt ",
        "dir/",
        "noextension",
        "x" * 300 + ".txt",
        "x" * 60_000 + "!",
        "‮txt.exe",
    ],
)
def test_hostile_names_are_neither_written_nor_read(name):
    with pytest.raises(NotABundle):
        read_bundle(archive([(name, b"x"), ("manifest.json", b"{}"), ("manifest.json.sig", b"")]), PUBLIC)
    with pytest.raises(ValueError, match="no name for a file"):
        write_bundle({name: b"x"}, [], KEY)


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = archive([("evidence.json", b"0" * 50_000_000)], zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    with pytest.raises(NotABundle):
        read_bundle(bomb, PUBLIC)


def test_entries_that_share_their_bytes_are_refused():
    # Many names for the same stored bytes: small on disk, large when read.
    body = b"0" * 100_000
    raw = bytearray(archive([("a.txt", body), ("b.txt", b"")]))
    directory = raw.rindex(b"PK\x01\x02")
    raw[directory + 20 : directory + 28] = (100_000).to_bytes(4, "little") * 2
    raw[directory + 42 : directory + 46] = (0).to_bytes(4, "little")
    with pytest.raises(NotABundle):
        read_bundle(bytes(raw), PUBLIC)


def test_too_many_files_a_name_twice_and_a_link_are_refused():
    with pytest.raises(NotABundle):
        read_bundle(archive([(f"{number}.txt", b"") for number in range(2001)]), PUBLIC)
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = archive([("a.txt", b"1"), ("a.txt", b"2")])
    with pytest.raises(NotABundle):
        read_bundle(twice, PUBLIC)
    link = zipfile.ZipInfo("a.txt")
    link.external_attr = 0o120777 << 16
    files = dict(read_bundle(RAW, PUBLIC).files)
    assert read_bundle(archive([(link, b"/etc/passwd"), *files.items()]), PUBLIC).faults


def test_noise_is_no_bundle():
    noise = random.Random(1)
    for size in (0, 1, 22, 1000):
        with pytest.raises(NotABundle):
            read_bundle(noise.randbytes(size), PUBLIC)
    with pytest.raises(NotABundle):
        read_bundle(archive([("a.txt", b"1")]), PUBLIC)


def test_a_bundle_too_large_is_not_read(monkeypatch):
    monkeypatch.setattr(bundle, "MOST_BYTES", len(RAW) - 1)
    with pytest.raises(NotABundle):
        read_bundle(RAW, PUBLIC)
