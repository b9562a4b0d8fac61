"""The suite tells whole round trips from broken ones, and needs files and their schema."""

import pytest

from tests.formats.test_n42 import DOCUMENT
from tocsin.app.suites import Bench
from tocsin.formats.n42 import NAMESPACE, encode
from tocsin.model import ConfigError
from tocsin.suites import Order
from tocsin.suites.n42 import N42Suite

SCHEMA = f"""<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}">
<xsd:element name="RadInstrumentData"><xsd:complexType><xsd:sequence>
<xsd:any maxOccurs="unbounded" processContents="skip"/></xsd:sequence>
<xsd:anyAttribute processContents="skip"/></xsd:complexType></xsd:element></xsd:schema>"""


def run(folder):
    return N42Suite(damaged=10).run(Order(command="it", data=folder), Bench())


def test_whole_and_broken_files_are_told_apart(tmp_path):
    (tmp_path / "n42.xsd").write_text(SCHEMA)
    (tmp_path / "whole.n42").write_bytes(encode(DOCUMENT))
    (tmp_path / "broken.n42").write_bytes(b"<RadInstrumentData>")
    report = run(tmp_path)
    assert (report.metrics["files"], report.metrics["round_trip"]) == (2, 0.5)
    assert report.metrics["damaged_broke"] == 0
    assert "well-formed" in report.detail["files"][0]["why"]


@pytest.mark.parametrize(("file", "says"), [("a.n42", "schema"), ("a.txt", "needs --data")])
def test_a_folder_without_files_or_schema_is_refused(tmp_path, file, says):
    (tmp_path / file).write_bytes(encode(DOCUMENT))
    with pytest.raises(ConfigError, match=says):
        run(tmp_path)
