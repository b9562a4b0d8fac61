"""What those see who watch Tocsin itself."""

from prometheus_client.parser import text_string_to_metric_families


def test_health_is_told_to_everybody_without_names(town):
    health = town.client().get("/health").json()
    assert health.keys() == {"ok", "stages", "stages_failing", "sources", "sources_failing", "uptime_s"}
    assert health["ok"] is True
    assert health["sources"] == 1


def test_metrics_are_prometheus_text(town):
    families = {one.name: one for one in text_string_to_metric_families(town.client().get("/metrics").text)}
    assert families["tocsin_readings_accepted"].samples[0].value >= 18
    assert families["tocsin_ok"].samples[0].value == 1
    seen = {sample.labels["stage"]: sample.value for sample in families["tocsin_stage_seen"].samples}
    assert seen["cbrne.toxic"] >= 18
    assert all(one.documentation for one in families.values())


def test_metrics_name_no_person_and_no_sensor(town):
    text = town.client().get("/metrics").text
    assert not any(name in text for name in ("anna", "berta", "acc-", "gas-0"))
