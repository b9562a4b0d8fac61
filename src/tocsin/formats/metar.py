"""METAR and SPECI, the weather reports of airports (WMO manual on codes 306, FM 15 and FM 16): wind, air, clouds."""

from calendar import timegm
from datetime import UTC, datetime, timedelta
from re import Match
from re import compile as expression

from msgspec import Struct

from tocsin.model import BadInput

KNOT_M_S = 0.514444
HPA_PER_INCH = 33.8639
OKTAS = {"SKC": 0.0, "CLR": 0.0, "NSC": 0.0, "NCD": 0.0, "CAVOK": 0.0, "FEW": 0.25, "SCT": 0.5, "BKN": 0.75, "OVC": 1.0}
"""Share of the sky that each word covers (the upper end of its range in eighths, FEW 1-2 … BKN 5-7)."""

REPORT_CHARS_MAX = 1_000
VARIABLE_SD_DEG = 90.0
TENS_SD_DEG = 5.0

_HEAD = expression(r"^(?:(?:METAR|SPECI)\s+)?(?:COR\s+)?([A-Z][A-Z0-9]{3})\s+(\d{2})(\d{2})(\d{2})Z\b")
_LATER = expression(r"\s(?:TEMPO|BECMG|RMK|NOSIG)\b")
_WIND = expression(r"\b(\d{3}|VRB)P?(\d{2,3})(?:GP?(\d{2,3}))?(KT|MPS|KMH)\b")
_SWING = expression(r"\b(\d{3})V(\d{3})\b")
_WARMTH = expression(r"(?<!\S)(M?\d{2})/(M?\d{2})?(?!\S)")
_PRESSURE = expression(r"\b(?:Q(\d{4})|A(\d{4}))\b")
_CLOUD = expression(r"\b(SKC|CLR|NSC|NCD|CAVOK|FEW|SCT|BKN|OVC)(?:\d{3})?")


class Report(Struct, frozen=True, kw_only=True):
    """One report. What it does not tell is None; `from_deg` is None in variable or calm wind.

    `at` seconds UTC; `from_sd_deg` and `gust_m_s` say how unsteady the wind is.
    """

    station: str
    at: float
    speed_m_s: float | None = None
    from_deg: float | None = None
    from_sd_deg: float | None = None
    gust_m_s: float | None = None
    temperature_c: float | None = None
    dew_point_c: float | None = None
    pressure_hpa: float | None = None
    cloud_share: float | None = None


def read_metar(line: str, near: float) -> Report:
    """The report in a line; `near` (seconds UTC) tells month and year, which the code leaves out.

    Only what stands before a trend (TEMPO, BECMG) and remarks counts. Raises BadInput saying what is wrong.

    >>> found = read_metar("METAR EFHK 170950Z 24008KT 9999 SCT040 18/09 Q1015 NOSIG", 1_781_690_400.0)
    >>> found.station, round(found.speed_m_s, 1), found.from_deg, found.cloud_share, found.pressure_hpa
    ('EFHK', 4.1, 240.0, 0.5, 1015.0)
    """
    text = line.strip().rstrip("=")
    head = _HEAD.match(text)
    if head is None or len(text) > REPORT_CHARS_MAX:
        raise BadInput("No METAR: a report begins with a station of four letters and a time such as 170950Z.")
    body = _LATER.split(text[head.end() :])[0]
    at = _moment(head, near)
    warmth, pressure = _WARMTH.search(body), _PRESSURE.search(body)
    return Report(
        station=head[1],
        at=at,
        temperature_c=_celsius(warmth[1]) if warmth else None,
        dew_point_c=_celsius(warmth[2]) if warmth and warmth[2] else None,
        pressure_hpa=_hpa(pressure) if pressure else None,
        cloud_share=max((OKTAS[word[1]] for word in _CLOUD.finditer(body)), default=None),
        **_wind(body),
    )


def _moment(head: Match[str], near: float) -> float:
    """Day, hour and minute in the month that puts them nearest to `near`."""
    day, hour, minute = (int(head[n]) for n in (2, 3, 4))
    base = datetime.fromtimestamp(near, UTC)
    found = []
    for shift in (-28, 0, 28):
        month = base + timedelta(days=shift)
        try:
            found.append(float(timegm(datetime(month.year, month.month, day, hour, minute, tzinfo=UTC).timetuple())))
        except ValueError:
            continue  # this month has no such day: another of the three may
    if not found:
        raise BadInput(f"No METAR: there is no day {day} at {hour:02d}:{minute:02d}.")
    return min(found, key=lambda at: abs(at - near))


def _wind(body: str) -> dict[str, float | None]:
    found, swing = _WIND.search(body), _SWING.search(body)
    if found is None:
        return {}
    scale = {"KT": KNOT_M_S, "MPS": 1.0, "KMH": 1.0 / 3.6}[found[4]]
    speed = int(found[2]) * scale
    steady = found[1] != "VRB" and speed > 0.0
    spread = (int(swing[2]) - int(swing[1])) % 360 / 4.0 if swing else TENS_SD_DEG
    return {
        "speed_m_s": round(speed, 3),
        "from_deg": float(int(found[1]) % 360) if steady else None,
        "from_sd_deg": max(spread, TENS_SD_DEG) if steady else VARIABLE_SD_DEG,
        "gust_m_s": round(int(found[3]) * scale, 3) if found[3] else None,
    }


def _celsius(text: str) -> float:
    return -float(text[1:]) if text.startswith("M") else float(text)


def _hpa(found: Match[str]) -> float:
    return float(found[1]) if found[1] else round(float(found[2]) / 100.0 * HPA_PER_INCH, 1)


def write_metar(report: Report) -> str:
    """The report as a line, in whole knots or metres a second, tens of degrees and hectopascals."""
    moment = datetime.fromtimestamp(report.at, UTC)
    parts = ["METAR", report.station, f"{moment:%d%H%M}Z"]
    if report.speed_m_s is not None:
        bearing = "VRB" if report.from_deg is None else f"{round(report.from_deg / 10.0) * 10 % 360:03d}"
        calm = round(report.speed_m_s) == 0
        gust = f"G{round(report.gust_m_s):02d}" if report.gust_m_s is not None else ""
        parts.append("00000MPS" if calm else f"{bearing}{round(report.speed_m_s):02d}{gust}MPS")
    if report.cloud_share is not None:
        word = next(
            word for word, share in OKTAS.items() if share >= report.cloud_share and word not in {"CAVOK", "CLR"}
        )
        parts.append(word if word == "SKC" else f"{word}030")
    if report.temperature_c is not None:
        dew = _degrees(report.dew_point_c) if report.dew_point_c is not None else ""
        parts.append(f"{_degrees(report.temperature_c)}/{dew}")
    if report.pressure_hpa is not None:
        parts.append(f"Q{round(report.pressure_hpa):04d}")
    return " ".join(parts)


def _degrees(celsius: float) -> str:
    return f"{'M' if round(celsius) < 0 else ''}{abs(round(celsius)):02d}"
