"""Readings that machines post: tokens, limits, an answer per line."""

import time

import httpx
import pytest

from tests.web.house import line
from tocsin.web.posting import BYTES_MAX


def test_an_answer_means_on_disk(town):
    before = town.house.log.last_pos
    answer = town.post(line("gas-1", time.time()))
    assert answer.json() == {"accepted": 1, "rejected": [], "duplicates": 0}
    assert town.house.log.last_pos > before


def test_a_repeated_batch_changes_nothing(town):
    batch = line("gas-1", time.time())
    town.post(batch)
    assert town.post(batch).json()["duplicates"] == 1


def test_bad_lines_are_named_and_good_ones_kept(town):
    answer = town.post("no json\n" + line("gas-1", time.time()) + "[]\n").json()
    assert answer["accepted"] == 1
    assert [one["line"] for one in answer["rejected"]] == [1, 3]
    assert all(one["reason"] for one in answer["rejected"])


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic YTpi"])
def test_strangers_post_nothing(town, header):
    answer = httpx.post(f"{town.url}/api/ingest/gas", content="{}", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in")


def test_a_session_is_no_token(desk):
    assert desk.post("/api/ingest/gas", content="{}").status_code == 401


def test_a_token_reaches_only_what_it_is_for(town):
    assert town.post("", token=town.token("metrics")).status_code == 403
    assert town.post("", token=town.token("ingest:other")).status_code == 403
    assert town.post("", token=town.token("ingest:gas")).status_code == 200


def test_an_unknown_input_is_named(town):
    answer = town.post("", source="nothing")
    assert answer.status_code == 404
    assert "gas" in answer.json()["detail"]


@pytest.mark.parametrize("size", [1 << 21, BYTES_MAX + 1])
def test_a_batch_that_is_too_large_is_refused(town, size):
    answer = town.post(b"x" * size)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_a_full_queue_says_when_to_come_back(full):
    answer = full.post(line("gas-1", time.time()))
    assert (answer.status_code, answer.json()["code"]) == (429, "too-much")
    assert int(answer.headers["retry-after"]) >= 1
