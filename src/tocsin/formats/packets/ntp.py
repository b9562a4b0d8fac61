"""NTP (RFC 5905): versions, modes and strata; the private modes that serve to attack others are told apart."""

from typing import ClassVar

from tocsin.formats.packets.dialogue import Malformed, Reader, Row

_MODES = ("reserved", "symmetric active", "symmetric passive", "client", "server", "broadcast", "control", "private")


class Ntp(Reader):
    """One row of log ntp per message."""

    service: ClassVar[str] = "ntp"

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig
        return port == 123 and len(head) >= 8 and 1 <= head[0] >> 3 & 7 <= 4

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        del at
        if len(data) < 4:
            raise Malformed("no message of NTP")
        mode = data[0] & 7
        row: Row = {"_path": "ntp", "is_orig": is_orig, "version": data[0] >> 3 & 7, "mode": mode}
        row["mode_name"] = _MODES[mode]
        return len(data), [row | ({"stratum": data[1]} if mode < 6 else {"request_code": data[3]})]
