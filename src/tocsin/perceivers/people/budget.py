"""How the runs of the detector are shared by the cameras of one process: all get the same share of what they wish."""

from dataclasses import dataclass, field

SMOOTH_S = 4.0
"""Over so many seconds of frames a camera's wish is averaged."""

GONE_TURNS = 200
"""A camera that was not looked at for so many rounds of all cameras has no wish any more."""


@dataclass(slots=True)
class Wish:
    """What one camera would run in a second if nothing were short, and when (in turns) it was last looked at."""

    runs_per_s: float = 0.0
    turn: int = 0


@dataclass(slots=True)
class Budget:
    """Wishes by camera against what the process can do; `pace` is what it really has of it at the moment."""

    runs_per_s_max: float
    pace: float = 1.0
    wishes: dict[str, Wish] = field(default_factory=dict)
    turn: int = 0

    def share(self) -> float:
        """The share of its wishes that every camera gets now.

        >>> budget = Budget(runs_per_s_max=10.0)
        >>> for camera in ("a", "b"):
        ...     budget.wishes[camera] = Wish(runs_per_s=10.0)
        >>> budget.share()
        0.5
        """
        wished = sum(one.runs_per_s for one in self.wishes.values())
        return min(1.0, self.runs_per_s_max * self.pace / wished) if wished > 0 else 1.0

    def begin(self, camera: str) -> None:
        """A camera begins anew: its earlier wishes are forgotten."""
        self.wishes[camera] = Wish(turn=self.turn)

    def spent(self, camera: str, runs: int, share: float, step_s: float) -> None:
        """So many runs were made for one frame, at this share of what was wished."""
        self.turn += 1
        wish = self.wishes.setdefault(camera, Wish())
        wish.turn = self.turn
        if step_s > 0:
            weight = min(1.0, step_s / SMOOTH_S)
            wish.runs_per_s += weight * (runs / share / step_s - wish.runs_per_s)
        if self.turn % GONE_TURNS == 0:
            oldest = self.turn - GONE_TURNS * len(self.wishes)
            self.wishes = {name: one for name, one in self.wishes.items() if one.turn > oldest}
