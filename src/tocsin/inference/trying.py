"""A model of unknown origin is first run in a process of its own, with little memory and time; only that can break.

Called as `python -m tocsin.inference.trying MODEL HEIGHT WIDTH`; prints the shapes of its outputs as JSON.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

from tocsin.inference.cards import Input
from tocsin.inference.fitting import prepared
from tocsin.inference.probing import synthetic
from tocsin.inference.sessions import session
from tocsin.model import ConfigError, TocsinError

MEMORY_BYTES_MAX = 8 * 2**30
TRIAL_S_MAX = 120

_REFUSED = 3
"""Exit status of a trial that ended with a message of ours."""


def trial(model: Path, height: int, width: int) -> list[tuple[int, ...]]:
    """Shapes of the outputs (batch first) for a picture of that size; raises ConfigError where it cannot be run."""
    command = [sys.executable, "-m", "tocsin.inference.trying", str(model), str(height), str(width)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TRIAL_S_MAX)
    except subprocess.TimeoutExpired as error:
        raise ConfigError(f"The model took more than {TRIAL_S_MAX} s for one picture: it is of no use here.") from error
    if done.returncode == _REFUSED:
        raise ConfigError(done.stdout.strip())
    if done.returncode != 0:
        raise ConfigError(
            f"The model broke the runtime (status {done.returncode}), or needs more than {MEMORY_BYTES_MAX >> 30} GiB: "
            "do not use it."
        )
    return [tuple(shape) for shape in json.loads(done.stdout)]


def main(model: str, height: str, width: str) -> int:
    """Run the model once; the exit status."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    size = int(height), int(width)
    try:
        running = session(Path(model).read_bytes())
        outputs = running.run(prepared(synthetic(*size), Input(height=size[0], width=size[1]))[None])
    except TocsinError as error:
        sys.stdout.write(str(error))
        return _REFUSED
    sys.stdout.write(json.dumps([output.shape for output in outputs]))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
