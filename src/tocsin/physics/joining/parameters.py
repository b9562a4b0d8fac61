"""The parameters of joining."""

from dataclasses import dataclass

from tocsin.model.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """When two cameras' tracks are one person's; times are seconds.

    A new track of a camera is watched for `watch_s` (up to `watch_s_max` while two persons fit it nearly as well:
    `clear` squared deviations apart), then joined to the person from whom it stayed within `gate` squared deviations,
    or is a new person. A person whom no camera has seen for `memory_s` is gone: the visit and its id end. Of a
    camera's measurements one every `independent_s` counts in full, because its errors last. `acceleration` is how
    restless a walk is (m/s^1.5); `floor_m` is the least deviation between two cameras' planes.

    Clocks may differ by `skew_s_max`; how much is found from the walks themselves, against the first camera. A camera
    whose clock is not known waits `clock_wait_s` for it before its clock is taken to be right within `clock_sd_s`.
    """

    gate: float = 7.0
    clear: float = 2.0
    watch_s: float = 0.6
    watch_s_max: float = 2.0
    memory_s: float = 4.0
    active_s: float = 0.7
    independent_s: float = 0.5
    acceleration: float = 0.6
    floor_m: float = 0.15
    skew_s_max: float = 2.0
    clock_wait_s: float = 8.0
    clock_sd_s: float = 0.3
    part_s: float = 1.5
    part_gate: float = 14.0
    cameras_max: int = 64
    tracks_max: int = 500

    def __post_init__(self) -> None:
        times = (self.watch_s, self.memory_s, self.active_s, self.independent_s, self.clock_wait_s, self.part_s)
        if min(times) <= 0 or self.watch_s_max < self.watch_s or self.skew_s_max < 0:
            raise ConfigError("Joining needs times above zero, and watch_s_max of at least watch_s.")
        if min(self.gate, self.acceleration, self.floor_m, self.clock_sd_s) <= 0:
            raise ConfigError("Joining needs a gate and deviations above zero.")
