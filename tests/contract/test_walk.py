"""Members are found by walking, configured by their fields, and their state types are read."""

from typing import Any

import pytest

from tocsin.contract.examples import gas
from tocsin.contract.resources import Resources, content_folder
from tocsin.contract.walk import configured, is_member, member_of, members, start, state_type
from tocsin.detectors.cbrne.radiation_rise import Background, RadiationRise
from tocsin.detectors.cbrne.toxic import Exposures, Toxic
from tocsin.model import ConfigError, ContractBroken


def test_the_walk_finds_each_member_once_in_order():
    kinds = [member.kind for member in members("detectors")]
    assert kinds == sorted(set(kinds))
    assert {"cyber.ids", "cbrne.toxic", "cbrne.radiation", "crowd.density", "process.silence"} <= set(kinds)


@pytest.mark.parametrize("other", [Background, Resources, Toxic(), "Toxic", None])
def test_what_is_no_member_is_no_member(other):
    assert not is_member(other)


def test_an_unknown_kind_is_answered_with_those_that_exist():
    with pytest.raises(ConfigError, match=r"choose one of .*cbrne\.toxic"):
        member_of("detectors", "cbrne.smell")


def test_parameters_come_from_configuration():
    assert configured(RadiationRise, {"ratio": 2}).ratio == 2.0


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [({"sigma": 6}, "no parameter 'sigma'"), ({"ratio": "many"}, r"\$\.ratio"), ({"ratio": -1}, r"\$\.ratio")],
)
def test_wrong_parameters_are_named(parameters, problem):
    with pytest.raises(ConfigError, match=problem):
        configured(RadiationRise, parameters)


def test_state_types_are_read_from_the_step():
    assert state_type(RadiationRise()) is Background
    assert state_type(start(Toxic(), Resources())) is Exposures


def test_an_unannotated_step_is_refused():
    class Bare:
        def step(self, state, fact):
            return state, []

    with pytest.raises(ContractBroken, match="must be annotated"):
        state_type(Bare())


def test_content_is_found_and_read():
    assert (content_folder() / "agents" / "aegl.yaml").is_file()


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [1\n", "\t\n"])
def test_a_broken_document_is_refused_with_its_path(tmp_path, text):
    (tmp_path / "broken.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"broken\.yaml"):
        Resources(content=tmp_path).document("broken.yaml")


@pytest.mark.parametrize("name", ["absent.yaml", "absent.exe"])
def test_an_absent_document_is_refused_with_its_path(tmp_path, name):
    with pytest.raises(ConfigError, match=name):
        Resources(content=tmp_path).document(name)


def test_secrets_are_given_by_name_and_never_shown():
    resources = Resources(secrets={"mqtt": "hunter2"}, token_key=b"abc")
    assert resources.secret("mqtt") == "hunter2"
    assert "hunter2" not in repr(resources)
    with pytest.raises(ConfigError, match="add it"):
        resources.secret("syslog")


def test_examples_are_observations_of_their_own_level() -> Any:
    assert {fact.level for fact in gas([0.0, 1.0])} == {type(gas([0.0])[0].body).level}
