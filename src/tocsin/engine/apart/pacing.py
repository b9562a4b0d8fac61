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
            busy -= self._fewer(busy - BUSY_AIM)
        if busy > BUSY_AIM:
            self.share *= BUSY_AIM / busy
        elif busy < IDLE:
            self.share *= rise
        self.share = min(SHARE_MAX, max(SHARE_MIN, self.share))
        self._follow(rise, short=self.share < 1.0)

    def _fewer(self, less: float) -> float:
        """So many pictures fewer that this part of the time is free again, as far as theirs allows; gives what is."""
        less = min(less, max(0.0, self.masking - PICTURES))
        if less > 0:
            left = 1.0 - less / self.masking
            self.pictures, self.masking = self.pictures * left, self.masking * left
        return less

    def _follow(self, rise: float, *, short: bool) -> None:
        """Where looking is short, pictures come slowly to their part of the time; else to their full rate."""
        if short and self.masking > PICTURES:
            self._fewer(self.masking * (1.0 - 1.0 / rise))
        else:
            self.pictures = min(1.0, self.pictures * rise)
