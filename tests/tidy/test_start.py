"""Asking for help is quick because nothing heavy is loaded for it."""

import subprocess
import sys

HEAVY = (
    "alembic",
    "av",
    "cv2",
    "fastapi",
    "onnx",
    "onnxruntime",
    "osmium",
    "scipy",
    "shapely",
    "sqlalchemy",
    "uvicorn",
)
SCRIPT = """
import sys
from tocsin.app.cli import main
sys.argv = ["tocsin", "--help"]
try:
    main()
except SystemExit:
    pass
print("LOADED", *sorted(sys.modules))
"""


def loaded() -> list[str]:
    command = [sys.executable, "-c", SCRIPT]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return said.stdout.rsplit("LOADED ", 1)[1].split()


def test_help_loads_nothing_heavy():
    modules = loaded()
    assert "tocsin.app.cli" in modules
    assert [name for name in HEAVY if name in modules] == []
