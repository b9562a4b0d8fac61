"""The build hook: puts content/ and the built console into the wheel; an editable install needs neither."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CONSOLE = "src/tocsin/web/static"


class WheelHook(BuildHookInterface[Any]):
    """Add what is not Python: rules, policies, cities, scenarios, and the console as a browser reads it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the console if its sources changed, then name the folders to add."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "tools"))
        from build_console import ConsoleError, build

        try:
            build(root)
        except ConsoleError as error:
            self.app.abort(f"The wheel carries the built console, and building it failed. {error}")
        build_data["force_include"] |= {
            str(root / "content"): "tocsin/_content",
            str(root / CONSOLE): "tocsin/web/static",
        }
