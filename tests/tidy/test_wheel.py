"""The wheel carries all that it needs, and the console's builder does no more and no less than it must."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import build_console  # noqa: E402  # a script beside the package, found by the line above

LOCK = {"name": "tiny", "lockfileVersion": 3, "requires": True, "packages": {"": {"name": "tiny"}}}
WRITES = "mkdir -p ../src/tocsin/web/static && echo built > ../src/tocsin/web/static/index.html"


def planted(root: Path, script: str) -> Path:
    """A project whose console is one script, built by the real npm."""
    (root / "console").mkdir()
    (root / "console" / "package.json").write_text(json.dumps({"name": "tiny", "scripts": {"build": script}}))
    (root / "console" / "package-lock.json").write_text(json.dumps(LOCK))
    return root


def test_the_console_is_built_once_and_again_only_when_its_source_changed(tmp_path):
    root = planted(tmp_path, WRITES)
    assert [build_console.build(root), build_console.build(root)] == [True, False]
    (root / "console" / "new.ts").write_text("export {}")
    assert [build_console.build(root), build_console.build(root)] == [True, False]


def test_a_failed_build_is_tried_again(tmp_path):
    root = planted(tmp_path, "exit 3")
    for _ in range(2):
        with pytest.raises(build_console.ConsoleError, match="exit status"):
            build_console.build(root)


def test_a_build_that_leaves_nothing_is_an_error(tmp_path):
    with pytest.raises(build_console.ConsoleError, match=r"left no .*index\.html"):
        build_console.build(planted(tmp_path, "true"))


def test_a_build_that_hangs_is_ended(tmp_path):
    root = planted(tmp_path, "node -e 'setInterval(() => {}, 1000)'")
    with pytest.raises(build_console.ConsoleError, match="longer than 1 s"):
        build_console.npm(root, "run", "build", wait_s_max=1)


def test_a_checkout_without_console_says_so(tmp_path):
    (tmp_path / "console").mkdir()
    with pytest.raises(build_console.ConsoleError, match=r"package-lock\.json is missing"):
        build_console.build(tmp_path)


def test_the_digest_sees_names_and_content_but_not_what_was_installed(tmp_path):
    root = planted(tmp_path, "true")
    before = build_console.input_digest(root / "console")
    (root / "console" / "node_modules").mkdir()
    (root / "console" / "node_modules" / "x.js").write_text("1")
    assert build_console.input_digest(root / "console") == before
    (root / "console" / "package.json").rename(root / "console" / "package5.json")
    assert build_console.input_digest(root / "console") != before


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    static = ROOT / "src" / "tocsin" / "web" / "static"
    stamp = static / ".inputs"
    if not stamp.is_file() or stamp.read_text() != build_console.input_digest(ROOT / "console"):
        (pytest.fail if os.environ.get("TOCSIN_REQUIRE_ALL") else pytest.skip)(
            "the console is not built: `make console`"
        )
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return next(out.glob("tocsin-*.whl"))


def test_the_wheel_carries_console_content_types_and_licence(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    wanted = ["tocsin/web/static/index.html", "tocsin/py.typed"]
    assert [name for name in wanted if name not in names] == []
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    content = {
        path.relative_to(ROOT / "content").as_posix() for path in (ROOT / "content").rglob("*") if path.is_file()
    }
    assert {f"tocsin/_content/{name}" for name in content} <= set(names)


def test_the_wheel_carries_nothing_else(wheel):
    tops = {name.split("/", 1)[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tocsin"}
    assert wheel.stat().st_size < 20_000_000


def test_what_is_unpacked_can_be_imported_and_finds_its_content(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    script = "import tocsin; from tocsin.contract.resources import content_folder as f; print(tocsin.__file__, f())"
    where = {**os.environ, "PYTHONPATH": str(tmp_path)}
    said = subprocess.run(
        [sys.executable, "-c", script], env=where, capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.split() == [str(tmp_path / "tocsin" / "__init__.py"), str(tmp_path / "tocsin" / "_content")]


def test_the_version_is_the_same_everywhere(wheel):
    import tocsin

    assert wheel.name.split("-")[1] == tocsin.__version__
