"""The parameters of joining."""

from dataclasses import dataclass

from tocsin.model.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """When two cameras' tracks are one person's; times are seconds.

    A new track of a camera is watched for `watch_s` (up to `watch_s_max` while two persons fit it nearly as well:
    `clear` squared deviations apart), then joined to the person from whom it stayed within `gate` squared deviations,
    or is a new person; where a person is known only vaguely (`vague_m2` is the area at which that counts), less
    distance is allowed. A person whom no camera has seen for `memory_s` is gone: the visit and its id end.

    Of a camera's measurements one every `independent_s` counts in full, because its errors last. `acceleration` is
    how restless a walk is (m/s^1.5); `floor_m` is the least deviation between two cameras' planes. Where two cameras
    see one person at two places (`part_gate` squared deviations apart) for `part_s`, the less steady track is looked
    at anew; two tracks that together fit better by `exchange` squared deviations the other way round change places.

    Clocks may differ by `skew_s_max`; how much is found from the walks themselves, against the first camera. A camera
    whose clock is not known waits `clock_wait_s` for it before its clock is taken to be right within `clock_sd_s`.
    """

    gate: float = 5.0
    clear: float = 2.0
    vague_m2: float = 0.1
    watch_s: float = 0.6
    watch_s_max: float = 2.0
    memory_s: float = 2.5
    active_s: float = 0.7
    independent_s: float = 0.5
    acceleration: float = 0.6
    floor_m: float = 0.1
    skew_s_max: float = 2.0
    clock_wait_s: float = 8.0
    clock_sd_s: float = 0.3
    part_s: float = 0.8
    part_gate: float = 9.0
    exchange: float = 2.0
    cameras_max: int = 64
    tracks_max: int = 500

    def __post_init__(self) -> None:
        times = (self.watch_s, self.memory_s, self.active_s, self.independent_s, self.clock_wait_s, self.part_s)
        if min(times) <= 0 or self.watch_s_max < self.watch_s or self.skew_s_max < 0:
            raise ConfigError("Joining needs times above zero, and watch_s_max of at least watch_s.")
        if min(self.gate, self.vague_m2, self.acceleration, self.floor_m, self.clock_sd_s) <= 0:
            raise ConfigError("Joining needs a gate and deviations above zero.")
