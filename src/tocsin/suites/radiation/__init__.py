"""`tocsin evaluate radiation`: sequential tests, localisation and nuclides against what theory allows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tocsin.suites import Order, Report, Verb, Workshop
from tocsin.suites.radiation.finding import found
from tocsin.suites.radiation.naming import named
from tocsin.suites.radiation.testing import cusums, quickness, sprts


@dataclass(frozen=True, slots=True, kw_only=True)
class RadiationSuite:
    """Simulated counts against closed forms: no data needed, all by the seed.

    *CUSUM*: mean run lengths of `runs` runs against Siegmund's closed form (normal noise) and the exact chain of
    Brook and Evans (counts), with and without a change. *SPRT*: mean sample numbers against Wald's with Siegmund's
    excess. *Localisation*: `sources` people walk past counters; squared error of where they are at the end against
    the Cramér-Rao bound, without any prior of the speed. *Nuclides*: made-up spectra of sodium iodide.
    """

    kind: ClassVar[str] = "radiation"
    verb: ClassVar[Verb] = "evaluate"

    runs: int = 6_000
    sources: int = 300
    spectra: int = 10

    def run(self, order: Order, _workshop: Workshop) -> Report:
        """Simulate everything with the first seed."""
        seed = (order.seeds or (1,))[0]
        chance = np.random.default_rng(seed)
        order.say("run lengths of CUSUM")
        run_lengths = cusums(self.runs, chance)
        order.say("sample numbers of SPRT")
        samples = sprts(self.runs, chance)
        order.say("localisation")
        metrics, centroid, places = found(self.sources, chance)
        order.say("nuclides")
        spectra, by_nuclide = named(self.spectra, chance)
        quick, threshold = quickness(self.runs // 3, chance)
        return Report(
            suite=self.kind,
            command=order.command,
            data="simulated",
            seed=(seed,),
            metrics={
                "cusum_run_length_error": max(row["error"] for row in run_lengths),
                "sprt_samples_error": max(row["error"] for row in samples),
                **quick,
                **metrics,
                **spectra,
            },
            peers={"one reading above k sigma": threshold, "centroid of net counts": centroid},
            detail={"cusum": run_lengths, "sprt": samples, "localisation": places, "nuclides": by_nuclide},
        )
