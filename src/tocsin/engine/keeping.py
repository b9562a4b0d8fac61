"""Keeps nothing longer than it may: drops what is over its hours, and the keys with it."""

import threading
from collections.abc import Mapping

import structlog

from tocsin.gate.policy import Policies
from tocsin.model import Level, TocsinError
from tocsin.store.casebook import Casebook
from tocsin.store.clips import Clips
from tocsin.store.log import EventLog
from tocsin.store.outbox import Outbox
from tocsin.store.quarantine import Quarantine

log = structlog.get_logger()

EVERY_S = 1800.0
"""How often: keys are by the hour, so half an hour is soon enough."""

RECORD_H = 8760.0
"""Hours that decisions, changes and ticks are kept, where the configuration says nothing."""

LEVELS = {"ambient": (Level.AMBIENT, Level.AGGREGATE), "anonymous": (Level.ANONYMOUS,), "redacted+": (Level.REDACTED,)}
"""Which levels a retention class of the log holds."""

QUARANTINE_H = 72.0
CASES_H = 8760.0
EVIDENCE_H = 2160.0
SENT_H = 720.0


def hours_by(policies: Policies, wished: Mapping[str, float]) -> dict[str, float]:
    """Hours per retention class: the least that any policy allows, or less where that is wished."""
    allowed = {
        name: min(policy.kept_h(level) for policy in policies.all for level in levels)
        for name, levels in LEVELS.items()
    }
    least = {name: min(hours, wished.get(name, hours)) for name, hours in allowed.items()}
    return {**least, "record": wished.get("record", RECORD_H)}


class Keeping:
    """Called after every tick; works in a thread of its own, one round at a time."""

    def __init__(
        self,
        log: EventLog,
        casebook: Casebook,
        quarantine: Quarantine,
        outbox: Outbox,
        hours: Mapping[str, float],
        *,
        clips: Clips | None = None,
    ) -> None:
        self._log = log
        self._casebook = casebook
        self._quarantine = quarantine
        self._outbox = outbox
        self._hours = dict(hours)
        self._clips = clips
        self._at = 0.0
        self._round: threading.Thread | None = None
        self.problem = ""

    def tick(self, now: float) -> None:
        """Begin a round when it is time and none is under way."""
        if now - self._at >= EVERY_S and not (self._round is not None and self._round.is_alive()):
            self._at = now
            self._round = threading.Thread(target=self.run, args=(now,), name="tocsin keeping", daemon=True)
            self._round.start()

    def run(self, now: float) -> None:
        """One round. A failure is shown and tried again next time: what must go must go."""
        try:
            self._log.retain(now, self._hours)
            self._quarantine.retain(now, QUARANTINE_H)
            self._casebook.retain(now, CASES_H)
            self._casebook.retain_evidence(now, EVIDENCE_H)
            self._outbox.retain(now, SENT_H)
            if self._clips is not None:
                self._clips.retain(now)
            self.problem = ""
        except TocsinError as error:
            self.problem = f"What is over its time could not be dropped: {error}"
            log.warning("retention failed", code=error.code)

    def wait(self, wait_s: float = 10.0) -> None:
        """Let a round that is under way end."""
        if self._round is not None:
            self._round.join(wait_s)
