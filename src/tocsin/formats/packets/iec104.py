"""IEC 60870-5-104: commands to, and reports of, substations and other remote stations."""

from struct import unpack_from
from typing import ClassVar

from tocsin.formats.packets.dialogue import Framed, Malformed, Row

TYPES = {
    1: "M_SP_NA_1",
    3: "M_DP_NA_1",
    5: "M_ST_NA_1",
    7: "M_BO_NA_1",
    9: "M_ME_NA_1",
    11: "M_ME_NB_1",
    13: "M_ME_NC_1",
    15: "M_IT_NA_1",
    30: "M_SP_TB_1",
    31: "M_DP_TB_1",
    34: "M_ME_TD_1",
    35: "M_ME_TE_1",
    36: "M_ME_TF_1",
    37: "M_IT_TB_1",
    45: "C_SC_NA_1",
    46: "C_DC_NA_1",
    47: "C_RC_NA_1",
    48: "C_SE_NA_1",
    49: "C_SE_NB_1",
    50: "C_SE_NC_1",
    51: "C_BO_NA_1",
    58: "C_SC_TA_1",
    59: "C_DC_TA_1",
    60: "C_RC_TA_1",
    61: "C_SE_TA_1",
    62: "C_SE_TB_1",
    63: "C_SE_TC_1",
    64: "C_BO_TA_1",
    70: "M_EI_NA_1",
    100: "C_IC_NA_1",
    101: "C_CI_NA_1",
    102: "C_RD_NA_1",
    103: "C_CS_NA_1",
    104: "C_TS_NA_1",
    105: "C_RP_NA_1",
    106: "C_CD_NA_1",
    107: "C_TS_TA_1",
    110: "P_ME_NA_1",
    111: "P_ME_NB_1",
    112: "P_ME_NC_1",
    113: "P_AC_NA_1",
    120: "F_FR_NA_1",
    121: "F_SR_NA_1",
    122: "F_SC_NA_1",
    123: "F_LS_NA_1",
    124: "F_AF_NA_1",
    125: "F_SG_NA_1",
    126: "F_DR_TA_1",
}
"""Types of information (60870-5-101, 7.2.1)."""

_CAUSES = {
    1: "periodic",
    2: "background",
    3: "spontaneous",
    4: "initialised",
    5: "request",
    6: "activation",
    7: "activation confirmation",
    8: "deactivation",
    9: "deactivation confirmation",
    10: "activation termination",
    20: "interrogated",
    44: "unknown type",
    45: "unknown cause",
    46: "unknown common address",
    47: "unknown information object",
}
_UNNUMBERED = {
    0x07: "STARTDT act",
    0x0B: "STARTDT con",
    0x13: "STOPDT act",
    0x23: "STOPDT con",
    0x43: "TESTFR act",
    0x83: "TESTFR con",
}
_SIGNS_OF_LIFE = frozenset({0x43, 0x83})


class Iec104(Framed):
    """One row of log iec104 per message that carries information or starts and stops its transfer."""

    service: ClassVar[str] = "iec104"
    HEAD_BYTES: ClassVar[int] = 6

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del is_orig
        if len(head) < 6 or head[0] != 0x68 or not 4 <= head[1] <= 253:
            return False
        return port == 2404 or (head[1] == 4 and head[2] in _UNNUMBERED and head[3:6] == bytes(3))

    def _size(self, data: bytes) -> int:
        if data[0] != 0x68 or not 4 <= data[1] <= 253:
            raise Malformed("no message of IEC 104")
        return 2 + data[1]

    def _message(self, at: float, data: bytes, *, is_orig: bool) -> list[Row]:
        del at
        row: Row = {"_path": "iec104", "is_orig": is_orig}
        if not data[2] & 1:
            return [row | {"apdu_type": "I"} | _information(data[6:])]
        if data[2] & 2 and data[2] not in _SIGNS_OF_LIFE:
            return [row | {"apdu_type": "U", "u_function": _UNNUMBERED.get(data[2], f"unknown-{data[2]}")}]
        return []


def _information(asdu: bytes) -> Row:
    kind, qualifier, cause, station = unpack_from("<BBHH", asdu)
    row: Row = {
        "asdu_type": kind,
        "asdu_name": TYPES.get(kind, f"unknown-{kind}"),
        "objects": qualifier & 0x7F,
        "cot": cause & 0x3F,
        "cot_name": _CAUSES.get(cause & 0x3F, f"unknown-{cause & 0x3F}"),
        "negative": bool(cause & 0x40),
        "test": bool(cause & 0x80),
        "originator": cause >> 8,
        "common_address": station,
    }
    return row | {"ioa": int.from_bytes(asdu[6:9], "little")} if len(asdu) >= 9 else row
