"""The state of the air at a station, beside its wind: what plumes need to know, with its uncertainty."""

from typing import ClassVar

from tocsin.contract.bodies import Wind
from tocsin.model import Body, Level

__all__ = ["Air", "Wind"]


class Air(Body, frozen=True, tag="weather.air/1"):
    """Air at a station; what it did not tell is None.

    `temperature_c`, `dew_point_c`, `pressure_hpa` (at sea level); `cloud_share` of the sky, 0 to 1;
    `stability` Pasquill's class A to F; `ustar_m_s` friction velocity, `obukhov_m` Monin-Obukhov length,
    `mixing_m` depth of the mixed layer, `sigma_azimuth_deg` standard deviation of the wind's direction;
    `speed_sd_m_s` and `from_sd_deg` how uncertain the station's wind is.
    """

    level: ClassVar[Level] = Level.AMBIENT
    temperature_c: float | None = None
    dew_point_c: float | None = None
    pressure_hpa: float | None = None
    cloud_share: float | None = None
    stability: str = ""
    ustar_m_s: float | None = None
    obukhov_m: float | None = None
    mixing_m: float | None = None
    sigma_azimuth_deg: float | None = None
    speed_sd_m_s: float | None = None
    from_sd_deg: float | None = None
    flags: tuple[str, ...] = ()
