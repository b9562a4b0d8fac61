"""What the publishers of known captures say about them in words, by the name of their folder or file."""

from typing import Any, Final

_STRATOSPHERE: Final = "README of the capture in stratosphereips/security-datasets-for-testing"
_SLIPS: Final = "name of the capture in stratosphereips/StratosphereLinuxIPS"
_QUICKDRAW: Final = "name of the capture in digitalbond/Quickdraw-Suricata; ends as seen in it"
_ENGINEER: Final = {"attackers": ["192.168.10.105"], "servers": ["192.168.10.120"], "source": _QUICKDRAW}

KNOWN: Final[dict[str, dict[str, Any]]] = {
    "002-zeek-scenario-port-scanning": {
        "attackers": ["172.16.1.11"],
        "since": 1664464850.1,
        "source": f"{_STRATOSPHERE}; its first try without an answer",
    },
    "003-zeek-scenario-malicious": {
        "attackers": ["10.8.0.61"],
        "servers": ["147.32.83.234"],
        "since": 1596790919.2,
        "source": f"{_STRATOSPHERE}: malicious connections at 1337/TCP",
    },
    "horizontal": {"attackers": ["10.0.2.112"], "complete": False, "source": f"{_SLIPS}: port-scans"},
    "vertical": {"attackers": ["192.168.1.9"], "source": f"{_SLIPS}: port-scans"},
    "test3-mixed": {
        "attackers": ["46.166.151.160", "216.73.23.146"],
        "complete": False,
        "source": f"{_SLIPS}; 28 hosts tried on 3389/tcp, 10 on 445/tcp",
    },
    "test4-malicious": {
        "attackers": ["192.168.2.12"],
        "source": f"{_SLIPS}; one infected device that tries 23/tcp and 81/tcp of strangers",
    },
    "test7-malicious": {
        "attackers": ["192.168.2.16"],
        "source": f"{_SLIPS}; one infected device that begins to try 23/tcp, 2323/tcp and 8080/tcp of strangers",
    },
    "test8-malicious": {"attackers": ["192.168.1.247"], "source": f"{_SLIPS}; 507 ARP requests"},
    "test9-mixed-zeek-dir": {
        "attackers": ["192.168.1.15"],
        "complete": False,
        "source": f"{_SLIPS}; address scans in its notice.log",
    },
    "test10-mixed-zeek-dir": {
        "attackers": ["147.32.83.156", "192.0.2.10"],
        "complete": False,
        "source": f"{_SLIPS}; address scans in notice.log (one row there is broken), 10 hosts tried on 1337/tcp",
    },
    "test11-portscan": {"attackers": ["10.8.0.69"], "source": _SLIPS},
    "CL5000EIP-Lock_PLC_Attempt": {**_ENGINEER, "named": "lock"},
    "CL5000EIP-Software_Download": {**_ENGINEER, "named": "download"},
    "CL5000EIP-Software_Upload": {**_ENGINEER, "named": "upload"},
    "CL5000EIP-Control_Protocol_Change_Attempt": {**_ENGINEER, "named": "protocol change"},
}
"""Attackers are those that the words name; `complete: False` where others in it may attack as well."""
