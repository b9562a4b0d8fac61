"""How much of what perceivers may compute this process can really do: measured, never assumed."""

from dataclasses import dataclass

BUSY_AIM = 0.8
"""So busy the process shall be at most: what is left is for bursts, decoding and others on the machine."""

IDLE = 0.7
"""Less busy than this, more may be computed."""

RISE = 1.1
"""How fast more is allowed, per second; less is allowed at once."""

SHARE_MIN, SHARE_MAX = 0.1, 20.0
"""Bounds of the share, of what perceivers were declared to compute."""

PICTURES = 0.3
"""Where the process is too busy, this part of its time may go into masked pictures; what goes beyond yields first."""

SMOOTH_S = 5.0
"""Pictures are few and dear: what they take is averaged over so many seconds."""


@dataclass(slots=True)
class Pacing:
    """What is to be had, from how busy the process was: of the declared computing, and of the rate of pictures."""

    share: float = 1.0
    pictures: float = 1.0
    masking: float = 0.0

    def next(self, busy_s: float, lasting_s: float, masking_s: float = 0.0) -> None:
        """Take note of some seconds: how many of them went into looking, and how many of those into masked pictures.

        Pictures yield to analysis, down to a part of the time that is theirs; what is masked in one never changes.

        >>> pacing, shares = Pacing(), []
        >>> for busy_s in (1.0, 0.7, 0.3):
        ...     pacing.next(busy_s, 1.0)
        ...     shares.append(round(pacing.share, 2))
        >>> shares
        [0.8, 0.8, 0.88]
        """
        busy, masking = busy_s / max(lasting_s, 1e-6), masking_s / max(lasting_s, 1e-6)
        self.masking += (masking - self.masking) * min(1.0, lasting_s / SMOOTH_S)
        rise = RISE ** min(lasting_s, 1.0)
        if busy > BUSY_AIM:
            self._slow(busy)
        elif self.share < 1.0 and self.masking > PICTURES:
            self._fewer(max(PICTURES / self.masking, 1.0 / rise))
        elif busy < IDLE:
            self._quicken(rise)
        self.share = min(SHARE_MAX, max(SHARE_MIN, self.share))

    def _slow(self, busy: float) -> None:
        """Pictures first; what is still too much is taken from looking."""
        less = min(busy - BUSY_AIM, max(0.0, self.masking - PICTURES))
        if less > 0:
            self._fewer(1.0 - less / self.masking)
        if busy - less > BUSY_AIM:
            self.share *= BUSY_AIM / (busy - less)

    def _fewer(self, left: float) -> None:
        self.pictures, self.masking = self.pictures * left, self.masking * left

    def _quicken(self, rise: float) -> None:
        """Looking first, as far as it was declared; then pictures."""
        if self.share < 1.0 or self.pictures == 1.0:
            self.share *= rise
        else:
            self.pictures = min(1.0, self.pictures * rise)
