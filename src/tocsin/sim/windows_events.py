"""A made-up stream of Windows and Sysmon events, as evtx_dump writes them: what busy offices and servers log.

Vocabulary and shares are invented after Sysmon's documentation; every event has fresh identifiers,
hashes, times and, where real ones have it, fresh text, so that no two lines are alike.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

SYSMON = "Microsoft-Windows-Sysmon"
SECURITY = "Microsoft-Windows-Security-Auditing"
POWERSHELL = "Microsoft-Windows-PowerShell"

START_S = 1_767_225_600.0
"""Where the stream begins: 2026-01-01, UTC."""

SPACING_S = 0.05
"""Seconds between events: twenty a second, about two hundred office machines."""

_HOSTS = tuple(f"{kind}-{n:03}.city.example" for kind in ("WS", "SRV") for n in range(100))
_USERS = (*(f"CITY\\user{n:03}" for n in range(150)), "NT AUTHORITY\\SYSTEM", "NT AUTHORITY\\NETWORK SERVICE")
_PROGRAMS = (
    "C:\\Windows\\System32\\svchost.exe",
    "C:\\Windows\\System32\\cmd.exe",
    "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
    "C:\\Windows\\System32\\taskhostw.exe",
    "C:\\Windows\\System32\\backgroundTaskHost.exe",
    "C:\\Windows\\System32\\conhost.exe",
    "C:\\Windows\\System32\\RuntimeBroker.exe",
    "C:\\Windows\\explorer.exe",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
    "C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE",
    "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE",
    "C:\\Program Files\\Windows Defender\\MsMpEng.exe",
    "C:\\Program Files\\Permit Office\\permits.exe",
    "C:\\Program Files (x86)\\Traffic Desk\\desk.exe",
)
_BORN = (
    (0, "C:\\Windows\\System32\\services.exe", "{image} -k netsvcs -p -s Schedule"),
    (3, "C:\\Windows\\System32\\svchost.exe", "taskhostw.exe"),
    (4, "C:\\Windows\\System32\\svchost.exe", '"{image}" -ServerName:App.{guid}.mca'),
    (6, "C:\\Windows\\System32\\svchost.exe", "{image} -Embedding"),
    (8, "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", '"{image}" --type=renderer --lang=fi --id={n}'),
    (9, "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe", '"{image}" --type=utility --ticks={n}'),
    (10, "C:\\Windows\\explorer.exe", '"{image}" /recycle'),
    (11, "C:\\Windows\\explorer.exe", '"{image}" /n "D:\\papers\\report {n}.docx" /o ""'),
    (13, "C:\\Windows\\explorer.exe", '"{image}" --case {n} --session {guid}'),
    (14, "C:\\Windows\\explorer.exe", '"{image}" --desk {m} --plan {guid} --since {n}'),
)
"""Which program is started by which, and how: what an ordinary day looks like."""

_LIBRARIES = tuple(f"C:\\Windows\\System32\\{name}.dll" for name in (
    "ntdll", "kernel32", "user32", "advapi32", "ws2_32", "crypt32", "bcrypt", "winhttp", "ole32", "shell32", "dbghelp",
    "mscoree", "vaultcli", "samlib", "wbemcomn", "taskschd", "amsi", "version", "uxtheme", "propsys",
))  # fmt: skip
_NAMES = ("intranet", "maps", "mail", "updates", "cdn", "telemetry", "tickets", "sso", "print", "files")
_KEYS = (
    "HKLM\\System\\CurrentControlSet\\Services\\Tcpip\\Parameters\\Interfaces\\{guid}\\LeaseObtainedTime",
    "HKU\\S-1-5-21-{n}\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\RecentDocs\\{n}",
    "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Diagnostics\\{guid}\\Last",
    "HKU\\S-1-5-21-{n}\\Software\\Microsoft\\Office\\16.0\\Common\\Roaming\\{guid}",
)

Fields = dict[str, Any]


def lines(seed: int, count: int) -> Iterator[bytes]:
    """So many events as lines of JSON, alike for equal seeds."""
    chance = Random(seed)
    makers, weights = zip(*_SHARES, strict=True)
    for number in range(count):
        at = START_S + number * SPACING_S
        maker = chance.choices(makers, weights)[0]
        yield json.dumps(_event(maker, chance, number, at), separators=(",", ":")).encode()


def _event(maker: Callable[[Random], tuple[str, str, int, Fields]], chance: Random, number: int, at: float) -> Fields:
    provider, channel, event_id, data = maker(chance)
    moment = datetime.fromtimestamp(at, UTC)
    if provider == SYSMON:
        data = {"RuleName": "-", "UtcTime": f"{moment:%Y-%m-%d %H:%M:%S}.{number % 1000:03}", **data}
    system = {
        "Provider": {"#attributes": {"Name": provider}},
        "EventID": event_id,
        "Version": 3,
        "Level": 4,
        "Task": event_id,
        "Opcode": 0,
        "Keywords": "0x8000000000000000",
        "TimeCreated": {"#attributes": {"SystemTime": f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"}},
        "EventRecordID": 100_000 + number,
        "Execution": {"#attributes": {"ProcessID": 2000 + number % 900, "ThreadID": 3000 + number % 7000}},
        "Channel": channel,
        "Computer": chance.choice(_HOSTS),
    }
    return {"Event": {"System": system, "EventData": data}}


def _sysmon(event_id: int, data: Fields) -> tuple[str, str, int, Fields]:
    return SYSMON, f"{SYSMON}/Operational", event_id, data


def _hex(chance: Random, digits: int) -> str:
    return f"{chance.getrandbits(4 * digits):0{digits}X}"


def _guid(chance: Random) -> str:
    text = _hex(chance, 32)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _process(chance: Random, prefix: str = "") -> Fields:
    return {
        f"{prefix}ProcessGuid": _guid(chance),
        f"{prefix}ProcessId": chance.randrange(400, 30_000),
        f"{prefix}Image": chance.choice(_PROGRAMS),
    }


def _file_facts(chance: Random) -> Fields:
    hashes = f"SHA1={_hex(chance, 40)},MD5={_hex(chance, 32)},SHA256={_hex(chance, 64)},IMPHASH={_hex(chance, 32)}"
    return {
        "FileVersion": f"10.0.{chance.randrange(19_000, 27_000)}.{chance.randrange(1, 5_000)}",
        "Description": chance.choice(("Host Process", "Office Application", "Desktop Client", "System Library")),
        "Product": chance.choice(("Microsoft Windows Operating System", "Office", "City Desk")),
        "Company": chance.choice(("Microsoft Corporation", "City Software Oy")),
        "OriginalFileName": f"part{chance.randrange(300)}.exe",
        "Hashes": hashes,
    }


def _command(chance: Random, template: str, image: str) -> str:
    return template.format(image=image, n=chance.randrange(10**9), m=chance.randrange(1, 9), guid=_guid(chance))


def _created(chance: Random) -> tuple[str, str, int, Fields]:
    program, parent_image, template = chance.choice(_BORN)
    process = {**_process(chance), "Image": _PROGRAMS[program]}
    parent = {**_process(chance, "Parent"), "ParentImage": parent_image}
    return _sysmon(
        1,
        {
            **process,
            **_file_facts(chance),
            "CommandLine": _command(chance, template, _PROGRAMS[program]),
            "CurrentDirectory": chance.choice(("C:\\Windows\\system32\\", "C:\\ProgramData\\City\\")),
            "User": chance.choice(_USERS),
            "LogonGuid": _guid(chance),
            "LogonId": f"0x{_hex(chance, 6).lower()}",
            "TerminalSessionId": chance.randrange(4),
            "IntegrityLevel": chance.choice(("Medium", "High", "System")),
            **parent,
            "ParentCommandLine": f"{parent_image} {_hex(chance, 6)}",
            "ParentUser": chance.choice(_USERS),
        },
    )


def _connected(chance: Random) -> tuple[str, str, int, Fields]:
    return _sysmon(
        3,
        {
            **_process(chance),
            "Image": _PROGRAMS[chance.choice((8, 9, 13, 14))],
            "User": chance.choice(_USERS),
            "Protocol": "tcp",
            "Initiated": "true",
            "SourceIsIpv6": "false",
            "SourceIp": f"10.20.{chance.randrange(8)}.{chance.randrange(1, 255)}",
            "SourcePort": chance.randrange(49_152, 65_535),
            "DestinationIsIpv6": "false",
            "DestinationIp": f"10.30.{chance.randrange(4)}.{chance.randrange(1, 255)}",
            "DestinationHostname": f"{chance.choice(_NAMES)}{chance.randrange(40)}.city.example",
            "DestinationPort": chance.choice((80, 443, 443, 8443)),
        },
    )


def _loaded(chance: Random) -> tuple[str, str, int, Fields]:
    signed = {"Signed": "true", "Signature": "Microsoft Windows", "SignatureStatus": "Valid"}
    own = {"ImageLoaded": chance.choice(_LIBRARIES), "User": chance.choice(_USERS)}
    return _sysmon(7, {**_process(chance), **_file_facts(chance), **signed, **own})


def _opened(chance: Random) -> tuple[str, str, int, Fields]:
    trace = "|".join(f"{library}+{_hex(chance, 5)}" for library in chance.sample(_LIBRARIES, 4))
    both = {**_process(chance, "Source"), **_process(chance, "Target")}
    mask = chance.choice(("0x1000", "0x1400", "0x101000"))
    return _sysmon(10, {**both, "GrantedAccess": mask, "CallTrace": trace, "SourceUser": chance.choice(_USERS)})


def _written(chance: Random) -> tuple[str, str, int, Fields]:
    name = f"C:\\ProgramData\\City\\cache\\{_hex(chance, 8)}.{chance.choice(('tmp', 'json', 'log', 'db'))}"
    return _sysmon(11, {**_process(chance), "TargetFilename": name, "User": chance.choice(_USERS)})


def _set(chance: Random) -> tuple[str, str, int, Fields]:
    key = chance.choice(_KEYS).format(guid=_guid(chance), n=chance.randrange(10**9))
    details = f"DWORD (0x{_hex(chance, 8).lower()})"
    return _sysmon(13, {**_process(chance), "EventType": "SetValue", "TargetObject": key, "Details": details})


def _asked(chance: Random) -> tuple[str, str, int, Fields]:
    name = f"{chance.choice(_NAMES)}{chance.randrange(10**5)}.{chance.choice(('city.example', 'example.net'))}"
    return _sysmon(22, {**_process(chance), "QueryName": name, "QueryStatus": "0", "QueryResults": "::ffff:10.30.0.9;"})


def _logged_on(chance: Random) -> tuple[str, str, int, Fields]:
    data = {
        "SubjectUserName": "-",
        "TargetUserName": chance.choice(_USERS).partition("\\")[2],
        "TargetDomainName": "CITY",
        "LogonType": chance.choice((2, 3, 5, 7)),
        "AuthenticationPackageName": "Kerberos",
        "IpAddress": f"10.20.{chance.randrange(8)}.{chance.randrange(1, 255)}",
        "IpPort": chance.randrange(49_152, 65_535),
        "LogonGuid": _guid(chance),
        "ProcessName": "-",
    }
    return SECURITY, "Security", 4624, data


def _script(chance: Random) -> tuple[str, str, int, Fields]:
    text = "\n".join(
        f"$item{n} = Get-ChildItem -Path 'D:\\export\\{_hex(chance, 8)}' | Where-Object Length -gt {n}"
        for n in range(chance.randrange(2, 25))
    )
    data = {"MessageNumber": 1, "MessageTotal": 1, "ScriptBlockText": text, "ScriptBlockId": _guid(chance), "Path": ""}
    return POWERSHELL, f"{POWERSHELL}/Operational", 4104, data


_SHARES: tuple[tuple[Callable[[Random], tuple[str, str, int, Fields]], float], ...] = (
    (_created, 20.0),
    (_connected, 12.0),
    (_loaded, 18.0),
    (_opened, 8.0),
    (_written, 14.0),
    (_set, 14.0),
    (_asked, 6.0),
    (_logged_on, 6.0),
    (_script, 2.0),
)
"""Kinds of events and their shares, percent."""
