"""`tocsin simulate` and `tocsin score`: a simulated run to capture files, and what the flow makes of it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tocsin.app.config import Settings
from tocsin.app.house import House, open_house
from tocsin.city.context import City
from tocsin.contract.resources import content_folder
from tocsin.contract.walk import configured, member_of
from tocsin.engine.rerun import Rerun
from tocsin.model import ConfigError, Fact, Incident, Origin, SourceState
from tocsin.sim.capture import CAPTURE, read_truth
from tocsin.sim.capture import simulate as write_run
from tocsin.sim.scenario import Scenario, load_scenario
from tocsin.sim.score import score
from tocsin.sim.truth import Truth

SETTLE_S = 15.0
"""Event time after the end of a capture for what is still deciding."""


def demo_city_folder() -> Path:
    """The city that the simulator lives in."""
    return content_folder() / "cities" / "helsinki"


def scenario_path(name: str) -> Path:
    """The file of a scenario by name or path; raises ConfigError listing those that ship."""
    for path in (Path(name), content_folder() / "scenarios" / f"{name}.yaml"):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.stem for path in (content_folder() / "scenarios").glob("*.yaml")))
    message = f"There is no scenario {name!r}: choose one of {known}, or name a file."
    raise ConfigError(message)


def simulate(name: str, seed: int, out: Path) -> tuple[int, Truth]:
    """Write the capture and the truth of a run into a folder: (messages, truth)."""
    scenario: Scenario = load_scenario(scenario_path(name))
    return write_run(scenario, seed, City.load(demo_city_folder()), out)


def routes(city_folder: Path) -> dict[str, Any]:
    """How the messages of a city's devices are read: its mapping per family, and the topics of each."""
    mappings = msgspec.yaml.decode((city_folder / "mappings.yaml").read_bytes(), type=dict[str, dict[str, Any]])
    return {"routes": {f"city/{family}/+": family for family in mappings}, "mappings": mappings}


def rerun(run: Path, *, folder: Path | None = None) -> tuple[Truth, list[Incident]]:
    """Replay a captured run through a fresh house: its truth, and every revision of every incident."""
    truth = read_truth(run)
    if folder is not None:
        return truth, _incidents(run, folder)
    with tempfile.TemporaryDirectory(prefix="tocsin-score-") as made:
        return truth, _incidents(run, Path(made))


def score_run(run: Path) -> dict[str, float]:
    """The metrics of one captured run."""
    truth, incidents = rerun(run)
    return score(truth, incidents)


def _incidents(run: Path, folder: Path) -> list[Incident]:
    city_folder = demo_city_folder()
    settings = Settings(origin=Origin.SIMULATED, newcomers=SourceState.IN_SERVICE)
    house = open_house(folder, settings, City.load(city_folder), recorded=True)
    driver = Rerun(house.flow)
    try:
        return [fact for fact in _facts(driver, run, house, routes(city_folder)) if isinstance(fact, Incident)]
    finally:
        house.close(driver.now)


def _facts(driver: Rerun, run: Path, house: House, read_by: Mapping[str, Any]) -> list[Fact]:
    parameters = {"paths": [str(run / CAPTURE)], "origin": Origin.SIMULATED, "mapping": "crowd", **read_by}
    source = configured(member_of("sources", "replay"), parameters).start(house.resources)
    return [*driver.run(source, "replay"), *driver.settle(SETTLE_S)]
