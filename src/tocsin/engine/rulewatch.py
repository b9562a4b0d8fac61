"""Watches the folder with a city's own rules: what changed there is checked, kept, and said in the log."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from tocsin.contract.rulebook import RuleBook
from tocsin.contract.ruletexts import RuleTexts, stamp
from tocsin.engine.reloading import RULES, Reloading
from tocsin.model import Change, ConfigError, Fact, Origin, TocsinError

log = structlog.get_logger()

EVERY_S = 2.0
"""How often the folder is looked at. Files count once a second look finds them unchanged: a copy may take a while."""

REST = 50
"""A look that takes long, over thousands of files, is followed by a rest of so many times as long."""


class RuleWatch:
    """Looks at the folder in a thread of its own; `look` does it at once, in the caller's.

    What it finds is first started beside what runs. Only then a Change goes into the log, and at
    that position the engine puts it in place. Rules that are broken altogether change nothing.
    """

    def __init__(
        self,
        content: Path,
        folder: Path | None,
        reloading: Reloading,
        *,
        post: Callable[[Fact], None],
        clock: Callable[[], float],
        origin: Origin,
        every_s: float = EVERY_S,
    ) -> None:
        self.problem = ""
        self._content = content
        self._folder = folder
        self._reloading = reloading
        self._post = post
        self._clock = clock
        self._origin = origin
        self._every_s = every_s
        self._seen = self._done = ""  # the first look compares once: the files may have changed since they were read
        self._said = reloading.digest
        self._stopping = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="tocsin rules", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)

    def look(self, by: str = "watch") -> Change | None:
        """Read the folder now; the Change that was posted, None where nothing is new.

        Raises a TocsinError with what to do where the folder cannot be used: the old rules stay.
        """
        with self._one_at_a_time:
            self._done = self._seen = stamp(self._folder)
            texts = RuleTexts.read(self._content, self._folder)
            if texts.digest == self._said:
                self.problem = ""
                return None
            change = self._checked(texts, by)
            self._said, self.problem = texts.digest, ""
            self._post(change)
            return change

    def _checked(self, texts: RuleTexts, by: str) -> Change:
        book = self._reloading.prepare(texts).book
        if book.broken:
            first = next(one for one in book.loaded.refused if one.path.startswith("rules/"))
            raise ConfigError(
                f"None of the rules in {self._folder} can be used, such as {first.path}, line {first.line} "
                f"({first.reason}): the rules of before stay in force. `tocsin sigma lint` lists all."
            )
        text = counted(book)
        return Change(at=self._clock(), origin=self._origin, what=RULES, digest=texts.digest, by=by, text=text)

    def _run(self) -> None:
        took_s = 0.0
        while not self._stopping.wait(max(self._every_s, REST * took_s)):
            began = time.monotonic()
            before, self._seen = self._seen, stamp(self._folder)
            took_s = time.monotonic() - began
            if self._seen == before != self._done:
                self._try()

    def _try(self) -> None:
        """A folder that cannot be used is a problem to be shown, and no reason to stop watching."""
        try:
            self.look()
        except (TocsinError, OSError) as error:
            self.problem = f"Rules: {error}"
            log.warning("rules not reloaded", error=type(error).__name__)


def counted(book: RuleBook) -> str:
    """How many rules of a book are loaded and refused, in words."""
    loaded = len(book.loaded.rules) + len(book.loaded.correlations)
    return f"{loaded} loaded, {len(book.loaded.refused)} refused"
