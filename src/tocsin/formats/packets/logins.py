"""FTP, POP3, IMAP and SMTP in clear text: that a login was sent and whether it worked; never with what."""

from typing import ClassVar

from tocsin.formats.packets.dialogue import Row, text
from tocsin.formats.packets.lines import line_of


class _Login:
    """Reads a conversation of lines: a client's command, then the server's answer to it."""

    service: ClassVar[str]

    def __init__(self) -> None:
        self.done = False
        self._waiting: Row | None = None
        self._user = ""

    def take(self, at: float, data: bytes, *, is_orig: bool) -> tuple[int, list[Row]]:
        used, line = line_of(data)
        if not used:
            return 0, []
        if is_orig:
            row = self._asked(line)
            if row is not None:
                self._waiting = {"_path": self.service, "ts": at, **row}
            return used, []
        return used, self._answered(line)

    def end(self) -> list[Row]:
        row, self._waiting = self._waiting, None
        return [row] if row else []

    def _asked(self, line: bytes) -> Row | None:
        """What of a client's line becomes a row; None for all that is of no interest."""
        raise NotImplementedError

    def _answered(self, line: bytes) -> list[Row]:
        """The row of the command that this line of the server answers."""
        raise NotImplementedError

    def _told(self, more: Row) -> list[Row]:
        row, self._waiting = self._waiting, None
        return [row | more] if row else []

    def _login(self, command: str) -> Row:
        row: Row = {"command": command, "cleartext_login": True}
        return row | {"user": self._user} if self._user else row


def _words(line: bytes) -> tuple[bytes, bytes]:
    """The command of a line in upper case, and the rest."""
    command, _, rest = line.strip().partition(b" ")
    return command.upper(), rest


class Ftp(_Login):
    """Rows of log ftp: logins (`user` becomes a token at admission), and files that come, go or vanish."""

    service: ClassVar[str] = "ftp"
    _FILES: ClassVar[frozenset[bytes]] = frozenset({b"RETR", b"STOR", b"STOU", b"APPE", b"DELE", b"RNTO", b"SITE"})

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        if is_orig:
            return port == 21 and head[:5].upper() in {b"USER ", b"AUTH "}
        return head[:4] in {b"220 ", b"220-"} and (port == 21 or b"FTP" in head[:200].upper())

    def _asked(self, line: bytes) -> Row | None:
        command, rest = _words(line)
        if command == b"USER":
            self._user = text(rest)
        if command == b"AUTH":
            return {"command": "AUTH"}
        if command in self._FILES:
            return {"command": text(command)}
        return self._login("PASS") if command == b"PASS" else None

    def _answered(self, line: bytes) -> list[Row]:
        if not line[:3].isdigit() or line[3:4] == b"-" or line[:1] == b"1":
            return []
        reply = int(line[:3])
        encrypted = self._waiting is not None and self._waiting["command"] == "AUTH"
        self.done = encrypted and reply == 234
        return self._told({"reply_code": reply, "success": reply < 400})


class Pop3(_Login):
    """Rows of log pop3: logins."""

    service: ClassVar[str] = "pop3"

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        return not is_orig and head.startswith(b"+OK") and port != 143

    def _asked(self, line: bytes) -> Row | None:
        command, rest = _words(line)
        if command == b"USER":
            self._user = text(rest)
        self.done = command == b"STLS"
        return self._login("PASS") if command == b"PASS" else None

    def _answered(self, line: bytes) -> list[Row]:
        return self._told({"success": line.startswith(b"+OK")})


def _is_final(line: bytes) -> bool:
    """Whether a line ends a reply of SMTP, which goes on after a dash, and in a login after 334."""
    return line[:3].isdigit() and line[3:4] != b"-" and line[:3] != b"334"


class Imap(_Login):
    """Rows of log imap: logins."""

    service: ClassVar[str] = "imap"

    def __init__(self) -> None:
        super().__init__()
        self._tag = b""

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        del port
        return not is_orig and head.startswith((b"* OK", b"* PREAUTH"))

    def _asked(self, line: bytes) -> Row | None:
        tag, _, rest = line.strip().partition(b" ")
        command, arguments = _words(rest)
        self.done = command == b"STARTTLS"
        plain = command == b"AUTHENTICATE" and arguments.upper().startswith((b"PLAIN", b"LOGIN"))
        if command != b"LOGIN" and not plain:
            return None
        self._tag = tag
        return self._login(text(command))

    def _answered(self, line: bytes) -> list[Row]:
        tag, _, rest = line.partition(b" ")
        return self._told({"success": rest.upper().startswith(b"OK")}) if tag == self._tag else []


class Smtp(_Login):
    """Rows of log smtp: logins, and each message with how many it went to; no addresses, no content."""

    service: ClassVar[str] = "smtp"

    def __init__(self) -> None:
        super().__init__()
        self._recipients = 0
        self._content = False

    @classmethod
    def speaks(cls, head: bytes, *, is_orig: bool, port: int) -> bool:
        if is_orig:
            return port in {25, 587, 2525} and head[:5].upper() in {b"EHLO ", b"HELO "}
        return head[:4] in {b"220 ", b"220-"} and (port in {25, 587, 2525} or b"SMTP" in head[:200].upper())

    def _asked(self, line: bytes) -> Row | None:
        if self._content:
            self._content = line != b"."
            return None
        command, rest = _words(line)
        if command == b"RCPT":
            self._recipients += 1
        if command == b"DATA":
            recipients, self._recipients = self._recipients, 0
            return {"command": "DATA", "recipients": recipients, "tls": False}
        return self._protected(command, rest)

    def _protected(self, command: bytes, rest: bytes) -> Row | None:
        """A login, or the wish to go on unseen."""
        if command == b"AUTH" and rest.upper().startswith((b"PLAIN", b"LOGIN")):
            return self._login("AUTH")
        return {"command": "STARTTLS"} if command == b"STARTTLS" else None

    def _answered(self, line: bytes) -> list[Row]:
        if not _is_final(line):
            return []
        reply = int(line[:3])
        command = self._waiting["command"] if self._waiting else ""
        self._content = command == "DATA" and reply == 354
        self.done = command == "STARTTLS" and reply == 220
        return self._told({"reply_code": reply, "success": reply < 400})
