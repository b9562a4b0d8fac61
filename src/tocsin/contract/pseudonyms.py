"""Names of people as keyed tokens: accounts, addresses, SIDs, folders; equal names give equal tokens everywhere."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any

from tocsin.model import ConfigError

TOKENS_KEPT = 20_000
"""Most values of a kind remembered; a forgotten one comes out the same again."""

KEY_BYTES_MIN = 16
"""Shortest key: below, tokens of known names could be found by trying."""

TEXT_KEPT_MAX = 256
"""Longest text remembered with its answer: longer ones rarely come again."""

Treatment = Callable[[str], str]
"""What is done to one text: it comes back with tokens in the place of names."""

_TOKEN = re.compile(r"t:[0-9a-f]{20}")
_MAIL = re.compile(r"([^\s<>,;:\"']+)@([^\s<>,;:\"']+)")
_SID = re.compile(r"S-1-(?:5-21|12-1)-[\d-]+", re.IGNORECASE)
_HOME = re.compile(
    r"([\\/](?:users|home|documents and settings)[\\/]+)([\w.$@~-](?:[\w .$@~-]{0,62}[\w.$@~-])?)", re.IGNORECASE
)
_HINTS = ("users", "home", "settings", "s-1-")
_SPLIT = re.compile(r"([,;]\s*)")


class Pseudonyms:
    r"""The treatments of an installation: what is put in the place of a name.

    `open_names` are accounts of no person, `open_domains` domains that have only such (NT AUTHORITY),
    `open_folders` folders of no person beside those of people: they stay readable.

    The kinds of `treatment` are account, mail, sid, name and homes. Tokens are `t:` and 20
    hexadecimal digits (BLAKE2b under the key), which nobody can turn back without trying names
    under that key. Raises ConfigError for a short key.

    >>> names = Pseudonyms(b"0123456789abcdef", open_names=["SYSTEM"])
    >>> names.account("CORP\\Anna") == "CORP\\" + names.account("anna"), names.account("NT AUTHORITY\\SYSTEM")
    (True, 'NT AUTHORITY\\SYSTEM')
    """

    def __init__(
        self,
        key: bytes,
        open_names: Iterable[str] = (),
        open_folders: Iterable[str] = (),
        open_domains: Iterable[str] = (),
    ) -> None:
        if len(key) < KEY_BYTES_MIN:
            message = f"Tokens need a key of {KEY_BYTES_MIN} bytes or more: create the keys first."
            raise ConfigError(message)
        self._open = frozenset(name.casefold() for name in open_names)
        self._folders = self._open | frozenset(name.casefold() for name in open_folders)
        self._domains = frozenset(name.casefold() for name in open_domains)
        self.token = _tokens(key)
        self.account = lru_cache(TOKENS_KEPT)(self._account)
        self.mail = lru_cache(TOKENS_KEPT)(self._mail)
        self.sid = lru_cache(TOKENS_KEPT)(self._sid)
        self.homes_kept = lru_cache(TOKENS_KEPT)(self._homes)

    def treatment(self, kind: str) -> Treatment:
        """What is done to a field of this kind; raises ConfigError naming the kinds."""
        known: Mapping[str, Treatment] = {
            "account": self.account,
            "mail": self.mail,
            "sid": self.sid,
            "name": self.name,
            "homes": self.homes,
        }
        if kind not in known:
            message = f"No kind of personal field is called {kind!r}: choose one of {', '.join(known)}."
            raise ConfigError(message)
        return known[kind]

    def name(self, text: str) -> str:
        """The whole text as one token: a display name, a device called after its owner."""
        return text if text in {"", "-"} or is_token(text) else self.token(text)

    def _account(self, text: str) -> str:
        r"""Account names, alone, listed with commas, as DOMAIN\user or user@domain: the domain stays readable."""
        if "," in text or ";" in text:
            return "".join(
                part if index % 2 else self._one_account(part) for index, part in enumerate(_SPLIT.split(text))
            )
        return self._one_account(text)

    def _one_account(self, text: str) -> str:
        domain, slash, name = text.rpartition("\\")
        name, at, realm = name.partition("@")
        if name in {"", "-"} or name.endswith("$") or is_token(name):
            return text
        if name.casefold() in self._open or domain.casefold() in self._domains:
            return text
        return f"{domain}{slash}{self.token(name)}{at}{realm}"

    def _mail(self, text: str) -> str:
        """Mail addresses, the account as its own token; a name before them, or text without one, is not kept."""
        found = _MAIL.findall(text)
        if not found:
            return self.name(text)
        return ", ".join(f"{self._one_account(name)}@{self.token(domain)}" for name, domain in found)

    def _sid(self, text: str) -> str:
        """Security identifiers of accounts (S-1-5-21-… of Windows, S-1-12-1-… of Entra); well-known ones stay."""
        return _SID.sub(lambda found: _sid_token(found[0], self.token), text)

    def homes(self, text: str) -> str:
        r"""A text in which the folder of a person (C:\Users\NAME, /home/NAME) and account SIDs are tokens."""
        if len(text) <= TEXT_KEPT_MAX:
            return self.homes_kept(text)
        return self._homes(text)

    def _homes(self, text: str) -> str:
        lowered = text.lower()
        if not any(hint in lowered for hint in _HINTS):
            return text
        return self._sid(_HOME.sub(self._home, text))

    def _home(self, found: re.Match[str]) -> str:
        before, name = found[1], _folder(found)
        if name == "t" and found.string[found.end() : found.end() + 1] == ":":
            return found[0]  # a token already
        if name.casefold() in self._folders or name.endswith("$"):
            return found[0]
        return f"{before}{self.token(name)}{found[2][len(name) :]}"


def _folder(found: re.Match[str]) -> str:
    """A folder's name: it may hold spaces (Anna Smith) only where it goes on into a folder, or stands in quotes."""
    text, name = found.string, found[2]
    following = text[found.end() : found.end() + 1]
    quote = text.rfind('"', 0, found.start())
    quoted = following == '"' and quote >= 0 and " " not in text[quote : found.start()]
    return name if following == "\\" or quoted else name.partition(" ")[0]


def is_token(name: str) -> bool:
    """Say whether a text is a token: treating a row twice changes nothing."""
    return _TOKEN.fullmatch(name) is not None


def token_under(key: bytes, name: str) -> str:
    """The token of a name under a key, BLAKE2b, 80 bits; upper and lower case are one. Remembers nothing."""
    digest = blake2b(name.casefold().encode(), key=key[:64], digest_size=10, person=b"tocsin-token")
    return f"t:{digest.hexdigest()}"


def _sid_token(sid: str, token: Treatment) -> str:
    kind = "S-1-12-1-" if sid.upper().startswith("S-1-12-1") else "S-1-5-21-"
    return kind + token(sid)


def _tokens(key: bytes) -> Treatment:
    """The tokens of names under a key; the newest are remembered."""
    return lru_cache(maxsize=TOKENS_KEPT)(partial(token_under, key))


def treated(value: Any, treat: Treatment) -> Any:  # noqa: ANN401  # any JSON value
    """A value with every text in it treated; numbers and truth values stay.

    >>> treated(["a", {"b": "c"}, 5], str.upper)
    ['A', {'b': 'C'}, 5]
    """
    if isinstance(value, str):
        return treat(value)
    if isinstance(value, list | tuple):
        return [treated(item, treat) for item in value]
    if isinstance(value, dict):
        return {name: treated(item, treat) for name, item in value.items()}
    return value
