"""Made-up shots are placed better than by a plain fit; look-alikes are counted with their bounds."""

import numpy as np

from tocsin.contract.folding import findings
from tocsin.detectors.sound.shot import Shot
from tocsin.suites.gunshot import Gunshot
from tocsin.suites.gunshot.look_alikes import SCENES, scenes
from tocsin.suites.gunshot.worlds import SIDE_M, Weathering, houses, layout, shot


def test_it_reports_shares_bounds_maps_and_the_peer(order, workshop):
    told = Gunshot(shots=6, scenes=2).run(order, workshop)
    assert {"within_25m", "within_15m", "within_25m_6", "false_share_firework", "shots_told"} <= told.metrics.keys()
    assert told.peers["soft-L1 least squares"].keys() <= told.metrics.keys()
    assert all(told.metrics[f"false_share_upper95_{kind}"] >= told.metrics[f"false_share_{kind}"] for kind in SCENES)
    assert np.shape(told.detail["error_map_m"]["8"]) == (12, 12)


def test_a_fifth_of_the_arrivals_are_late_and_none_early():
    walls, still = houses(), Weathering(clock_sd_s=0.0, kelvin_sd=0.0, wind_m_s=0.0)
    fired = [shot(np.random.default_rng(seed), walls, 10, still) for seed in range(40)]
    late = np.concatenate([one.late for one in fired])
    over = np.concatenate([one.at_s - np.hypot(*(one.spots_m - one.source_m).T) / 340.27 for one in fired])
    assert 0.12 < late.mean() < 0.28
    assert np.abs(over[late == 0]).max() < 1e-3
    assert over[late > 0].min() > -1e-3


def test_microphones_hang_in_streets_of_the_square():
    spots = layout(np.random.default_rng(1), 9)
    assert spots.shape == (9, 2)
    assert ((spots >= 0) & (spots <= SIDE_M)).all()


def test_doors_are_heard_nearby_alone_and_never_placed_as_shots():
    told = [findings(Shot(), sent) for sent in scenes("door", 3, 5, 8, Weathering())]
    assert all(one.grade != "located" for many in told for one in many)
