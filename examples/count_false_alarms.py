"""Count a detector's false alarms on quiet readings, and print the card that follows.

python examples/count_false_alarms.py
"""

from random import Random

from msgspec.structs import replace

from tocsin.contract.cards import card_text, tally
from tocsin.contract.examples import counts
from tocsin.contract.folding import findings
from tocsin.detectors.cbrne.radiation_rise import RadiationRise

detector = RadiationRise()
chance = Random(1)  # noqa: S311  # seeded: the same card every time
quiet = counts([float(round(chance.gauss(80.0, 80.0**0.5))) for _ in range(20_000)])

rows = tally(quiet, findings(detector, quiet), window_s=60.0, grades=list(detector.default_nats))
text = "counted on 20,000 made-up quiet readings: python examples/count_false_alarms.py"
print(card_text(detector.kind, {grade: replace(row, text=text) for grade, row in rows.items()}))
