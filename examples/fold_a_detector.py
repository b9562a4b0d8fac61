"""Run one detector over readings that you make up: no engine, no city, no clock.

python examples/fold_a_detector.py
"""

from tocsin.contract.examples import START_AT, gas
from tocsin.contract.folding import findings
from tocsin.detectors.cbrne.toxic import Toxic

readings = gas([0.0, 0.2, 0.7, 1.9, 3.4, 4.8, 5.1, 4.9, 4.2, 3.0, 1.1, 0.3], substance="chlorine", every_s=5.0)

for finding in findings(Toxic(), readings):
    print(f"{finding.at - START_AT:4.0f} s  {finding.grade}  {finding.because}")
    print(f"        evidence: {', '.join(finding.evidence)}")
