"""Routes for those who watch Tocsin itself: health and metrics (Prometheus)."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from tocsin.engine.rows import System
from tocsin.web.asking import BySession, InOffice, answer
from tocsin.web.document import says, says_text
from tocsin.web.posting import token_of
from tocsin.web.sessions import COOKIE, is_loopback

SCOPE = "metrics"
"""What a token needs to read metrics from another machine."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter(tags=["watch"])


class Health(Struct, frozen=True):
    """Whether all is well: how many stages and sources have a problem, of how many."""

    ok: bool
    stages: int
    stages_failing: int
    sources: int
    sources_failing: int
    uptime_s: float


@router.get("/health", responses=says(Health, "It runs."), openapi_extra={"security": []})
def health(office: InOffice) -> Response:
    """A sign of life for supervisors of processes. `ok` is false while a stage or source has a problem."""
    system = office.status.system(office.now())
    return answer(
        Health(
            ok=system.ok,
            stages=len(system.stages),
            stages_failing=sum(bool(stage.problem) for stage in system.stages),
            sources=len(system.sources),
            sources_failing=sum(bool(source.problem) for source in system.sources),
            uptime_s=system.uptime_s,
        )
    )


@router.get(
    "/metrics",
    responses=says_text("text/plain", "Prometheus text format."),
    response_class=Response,
    openapi_extra={"security": [{"session": []}, {"token": []}]},
)
def metrics(request: Request, office: InOffice, sessions: BySession) -> Response:
    """Counts and gauges; from this machine, in a session, or with a token of scope `metrics`."""
    if not is_loopback(request) and sessions.holder(request.cookies.get(COOKIE, "")) is None:
        token_of(request, office, SCOPE)
    registry = CollectorRegistry()
    registry.register(Figures(office.status.system(office.now())))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE)


class Figures(Collector):
    """The state of the system as metrics."""

    def __init__(self, system: System) -> None:
        self._system = system

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Every figure once."""
        yield from _totals(self._system)
        yield from _gauges(self._system)
        yield from _labelled(self._system)


def _totals(system: System) -> Iterator[CounterMetricFamily]:
    told = {
        "readings_accepted": ("Readings that were admitted.", system.accepted),
        "readings_rejected": ("Inputs that went to quarantine.", system.rejected),
        "readings_duplicate": ("Readings that were there before.", system.duplicates),
        "readings_staged": ("Readings of sources that nobody accepted yet.", system.staged),
    }
    for name, (about, value) in told.items():
        yield CounterMetricFamily(f"tocsin_{name}", about, value=value)


def _gauges(system: System) -> Iterator[GaugeMetricFamily]:
    told = {
        "ok": ("1 while nothing is wrong.", float(system.ok)),
        "uptime_seconds": ("Since the start.", system.uptime_s),
        "memory_bytes": ("Resident memory.", system.memory_mb * 1e6),
        "events_per_second": ("Facts folded per second.", system.events_per_s),
        "alarms_10min": ("Incidents opened in the last ten minutes.", sum(one.count for one in system.alarms[-10:])),
        "ledger_size": ("Receipts in the ledger.", float(system.ledger.get("size", 0))),
        **{f"log_{name}": (f"Event log: {name}.", value) for name, value in system.log.items()},
    }
    for name, (about, value) in told.items():
        yield GaugeMetricFamily(f"tocsin_{name}", about, value=value)


def _labelled(system: System) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
    stages = {stage.name: stage for stage in system.stages}
    yield _family(CounterMetricFamily, "stage_seen", "stage", {name: one.seen for name, one in stages.items()})
    yield _family(CounterMetricFamily, "stage_out", "stage", {name: one.out for name, one in stages.items()})
    yield _family(CounterMetricFamily, "stage_failed", "stage", {name: one.failed for name, one in stages.items()})
    yield _family(GaugeMetricFamily, "stage_keys", "stage", {name: one.keys for name, one in stages.items()})
    yield _family(CounterMetricFamily, "source_received", "source", {one.id: one.received for one in system.sources})
    yield _family(GaugeMetricFamily, "reporting", "family", {one.family: one.reporting for one in system.reporting})
    yield _family(GaugeMetricFamily, "in_service", "family", {one.family: one.total for one in system.reporting})
    yield _family(GaugeMetricFamily, "outbox", "state", system.outbox)


def _family(kind: Any, name: str, label: str, values: dict[str, int]) -> Any:  # noqa: ANN401  # two families, one shape
    family = kind(f"tocsin_{name}", f"By {label}.", labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
