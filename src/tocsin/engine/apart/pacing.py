"""How much of what perceivers may compute this process can really do: measured, never assumed."""

from dataclasses import dataclass

BUSY_AIM = 0.8
"""So busy the process shall be at most: what is left is for bursts, decoding and others on the machine."""

IDLE = 0.6
"""Less busy than this, more may be computed."""

RISE = 1.1
"""How fast more is allowed, per second; less is allowed at once."""

SHARE_MIN, SHARE_MAX = 0.1, 20.0
"""Bounds of the share, of what perceivers were declared to compute."""


@dataclass(slots=True)
class Pacing:
    """The share of the declared computing that is to be had, from how busy the process was."""

    share: float = 1.0

    def next(self, busy_s: float, lasting_s: float) -> float:
        """The share from now on, after so many seconds of which so many were spent looking at pictures.

        >>> pacing = Pacing()
        >>> pacing.next(1.0, 1.0), pacing.next(0.7, 1.0), round(pacing.next(0.3, 1.0), 2)
        (0.8, 0.8, 0.88)
        """
        busy = busy_s / max(lasting_s, 1e-6)
        if busy > BUSY_AIM:
            self.share *= BUSY_AIM / busy
        elif busy < IDLE:
            self.share *= RISE ** min(lasting_s, 1.0)
        self.share = min(SHARE_MAX, max(SHARE_MIN, self.share))
        return self.share
