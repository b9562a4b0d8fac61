"""The map of expected error covers the microphones, and advises where one more helps."""

from pathlib import Path

import pytest

from tocsin.model import ConfigError

HELSINKI = Path(__file__).parents[2] / "content" / "cities" / "helsinki"


def test_the_map_is_geojson_with_an_error_per_cell_and_one_advice(tocsin):
    (told,) = tocsin("plan", "microphones", HELSINKI, "--json", "--cell-m", 200).rows
    properties = [one["properties"] for one in told["features"]]
    errors = [one["error90_m"] for one in properties if one["kind"] == "error"]
    assert len(errors) > 20
    assert min(error for error in errors if error is not None) < 15
    assert sum(one["kind"] == "advice" for one in properties) == 1


def test_people_get_sentences(tocsin):
    assert "One microphone more helps most near 60." in tocsin("plan", "microphones", HELSINKI, "--cell-m", 300).text


@pytest.mark.parametrize(("option", "words"), [(("--cell-m", 1), "larger --cell-m"), (("--clock-ms", 0), "above 0")])
def test_what_cannot_be_planned_says_why(tocsin, option, words):
    error = tocsin("plan", "microphones", HELSINKI, *option).error
    assert isinstance(error, ConfigError)
    assert words in str(error)


def test_a_city_without_microphones_says_what_is_needed(tocsin, city):
    assert "three microphones" in str(tocsin("plan", "microphones", city).error)
