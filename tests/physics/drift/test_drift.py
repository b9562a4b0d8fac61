"""Drifting classes keep their names while they move, and one that was long not seen may come back elsewhere."""

import numpy as np
import pytest

from tocsin.physics.drift import COMMITTEE, Committee, DriftingClasses, Layout, Reference, Settings
from tocsin.physics.drift.features import contrasts

SETTINGS = Settings(common=0.1, own=0.05, slope=0.1, tail=4.0, chosen=(0, 1))
PLACES = np.array([[0.0, 0.0, 0.0], [9.0, 0.0, 0.0], [0.0, 9.0, 0.0]])


def drawn(labels, chance, shift=0.0):
    strengths = chance.uniform(-1.0, 1.0, len(labels))
    return PLACES[labels] + strengths[:, None] * 2.0 + shift + chance.normal(0.0, 1.0, (len(labels), 3)), strengths


def test_classes_are_followed_through_a_common_drift():
    chance = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2], 40)
    model = DriftingClasses.of(*drawn(labels, chance), labels, SETTINGS)
    right = []
    for n in range(300):
        model.pass_time(0.05)
        ((pattern,), (strength,)), truth = drawn(np.array([n % 3]), chance, shift=0.05 * n), n % 3
        chances, squares = model.judge(pattern, strength)
        right.append(chances.argmax() == truth)
        model.learn(pattern, strength, chances, squares)
    assert np.mean(right) > 0.95


def test_time_makes_a_class_wider_and_learning_makes_it_narrower():
    chance = np.random.default_rng(2)
    labels = np.repeat([0, 1, 2], 40)
    patterns, strengths = drawn(labels, chance)
    model = DriftingClasses.of(patterns, strengths, labels, SETTINGS)
    before = model.covariance[0, 0]
    model.pass_time(10.0)
    wide = model.covariance[0, 0]
    model.learn(patterns[0], 0.0, np.array([1.0, 0.0, 0.0]), np.zeros(3))
    assert before < model.covariance[0, 0] < wide


def test_contrasts_do_not_see_what_all_share():
    rows = contrasts(4)
    assert np.allclose(rows @ rows.T, np.eye(3))
    assert np.allclose(rows @ np.ones(4), 0.0)


def exposures(chance, count, sensors=4):
    features = np.abs(chance.normal(3.0, 0.3, (count, sensors, 8)))
    features[:, :, 0] *= 5_000.0
    features[:, :, 1] += 1.0
    features[:, :, 5:] *= -1.0
    return features.reshape(count, -1)


@pytest.mark.parametrize("broken", [0.0, 1e-9])
def test_one_broken_sensor_among_replicas_changes_little(broken):
    chance = np.random.default_rng(3)
    layout = Layout(((0, 1, 2, 3), (4, 5, 6, 7)))
    features = exposures(chance, 50, sensors=8)
    reference = Reference.of(layout, features)
    whole, _ = reference.pattern(features[:1], (0, 1))
    hurt = features[:1].copy()
    hurt[0, 8] *= broken
    assert np.abs(reference.pattern(hurt, (0, 1))[0] - whole).max() < 0.25


def test_a_committee_comes_back_from_its_bytes():
    chance = np.random.default_rng(4)
    layout, labels = Layout(((0, 1), (2, 3))), np.repeat([0, 1], 20)
    features = exposures(chance, 40)
    features[labels == 1] *= 1.5
    made = Committee.of(layout, features, labels)
    again = Committee.unpacked(made.packed(), layout, 2)
    assert len(again.judges) == len(COMMITTEE)
    assert made.judge(features[0]) == again.judge(features[0])
