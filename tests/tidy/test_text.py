"""What no file may hold: places on somebody's machine, promises instead of code, addresses in lock files."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".ts", ".svelte", ".css", ".html", ".js", ".json", ".sh", ""}
MACHINE = re.compile(r"(?<![\w.$}/-])/(?:work|root|home/(?!anna\b)[a-z]\w*|Users/\w+|mnt)/")
"""A folder of the machine on which somebody wrote; Anna is the invented person of our sample logs."""

PROMISE = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
SECRET = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----|\b(?:ghp|gho|glpat|AKIA)[_A-Z0-9][\w-]{14,}")
ADDRESS = re.compile(r"(?m)^\s*(?:registry|index-url|find-links)\s*=|--index-url|--find-links|^\S+ @ ")
LOCKS = [
    *sorted((ROOT / "requirements").glob("*.txt")),
    ROOT / "console" / "package-lock.json",
    ROOT / "console" / ".npmrc",
]


@cache
def carried() -> list[Path]:
    """Files that git carries or would carry; all files where there is no git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    names = (
        said.stdout.split("\0") if said.returncode == 0 else [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")]
    )
    return [ROOT / name for name in names if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink()]


def found(pattern: re.Pattern[str]) -> list[str]:
    """`file:line` of each match in the texts that people write (data and locks are not written by people)."""
    written = [
        p for p in carried() if p.suffix in TEXT and p.stat().st_size < 1_000_000 and p.name != "package-lock.json"
    ]
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in written
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("pattern", [MACHINE, PROMISE, SECRET], ids=["machine paths", "promises", "secrets"])
def test_no_file_holds(pattern):
    assert found(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE, 'open("/wo' + 'rk/x")'),
        (MACHINE, "/ro" + "ot/.cache"),
        (PROMISE, "# TO" + "DO: later"),
        (SECRET, "gh" + "p_" + "a1" * 10),
    ],
)
def test_the_patterns_see_what_they_are_for(pattern, text):
    assert pattern.search(text)


@pytest.mark.parametrize(
    "text", ["../work/x", "a/work/b", "rework/", "hack-free words", "https://example.org/home/page"]
)
def test_the_patterns_leave_alone(text):
    assert not MACHINE.search(text)
    assert not PROMISE.search(text)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_files_name_no_address(lock):
    text = lock.read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert not ADDRESS.search(text)
    assert lock.suffix != ".txt" or "://" not in text


@pytest.mark.parametrize("lock", [path for path in LOCKS if path.suffix == ".txt"], ids=lambda path: path.name)
def test_every_locked_package_has_its_hashes(lock):
    pinned = re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8"))
    bare = [entry.splitlines()[0] for entry in pinned if entry and "==" in entry and "--hash=sha256:" not in entry]
    assert bare == []


def pins(name: str) -> dict[str, set[str]]:
    """Versions of each package in one lock (several where the Python version decides)."""
    versions: dict[str, set[str]] = {}
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    for package, version in re.findall(r"(?m)^([\w.-]+)(?:\[[\w,]+\])?==([\w.+!]+)", text):
        versions.setdefault(package, set()).add(version)
    return versions


@pytest.mark.parametrize(("smaller", "larger"), [("core.txt", "demo.txt"), ("demo.txt", "dev.txt")])
def test_a_larger_lock_holds_the_smaller(smaller, larger):
    more = pins(larger)
    assert {name: versions for name, versions in pins(smaller).items() if versions != more.get(name)} == {}


def test_no_recorded_data_and_no_model_is_carried():
    kinds = {".pcap", ".pcapng", ".onnx", ".safetensors", ".pbf", ".pkl", ".mp4", ".parquet"}
    assert [str(path.relative_to(ROOT)) for path in carried() if path.suffix in kinds] == []
