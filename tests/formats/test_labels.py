"""What research data says a row truly was never reaches a detector, in any form of log."""

import pytest

from tocsin.formats import zeek
from tocsin.formats.zeek import LABELS

HEADER = (
    "#separator \\x09\n#path\tconn\n#fields\tts\tid.orig_h\tlabel\tdetailedlabel\n#types\ttime\taddr\tstring\tstring"
)


@pytest.mark.parametrize(
    "row",
    [
        zeek.tsv_row(zeek.header_of(HEADER), b"5.0\t10.0.0.1\tMalicious\tC&C"),
        zeek.json_row("conn", b'{"ts":5.0,"id.orig_h":"10.0.0.1","label":"Malicious","detailedlabel":"C&C"}'),
    ],
)
def test_labels_are_dropped(row):
    assert row == {"at": 5.0, "log": "conn", "id.orig_h": "10.0.0.1"}
    assert set(LABELS) == {"label", "detailedlabel"}
