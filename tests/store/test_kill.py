"""Killed with -9 under load, again and again: nothing acknowledged is missing, nothing is doubled."""

import random
import subprocess
import sys
import time
from pathlib import Path

from tests.store.material import SeededKeys, gas
from tocsin.store.log import EventLog

KILLS = 20
REPEATED = 300
"""So many acknowledged facts are sent once more after each kill."""


def child(folder, start):
    """Submit facts in order from `start` until killed; say which are on disk."""
    log = EventLog.open(Path(folder), SeededKeys())
    sys.stdout.write("open\n")
    sys.stdout.flush()
    seq = int(start)
    waiting = []
    while True:
        size = 1 + seq % 97
        waiting.append(
            (seq + size, log.submit([gas(number, source=f"gas-{number % 7}") for number in range(seq, seq + size)]))
        )
        seq += size
        while len(waiting) > 20:
            end, future = waiting.pop(0)
            committed = future.result()
            assert not committed.refused
            sys.stdout.write(f"{end}\n")
            sys.stdout.flush()


def killed_after(folder, start, wait_s):
    """Run the child, kill it `wait_s` after it opened the log; the end of what it acknowledged."""
    program = f"from tests.store import test_kill; test_kill.child({str(folder)!r}, {start})"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"open\n"
        time.sleep(wait_s)
        process.kill()
        said = process.stdout.read().split(b"\n")[:-1]  # what follows the last line end is torn
    assert process.returncode == -9
    return int(said[-1]) if said else start


def test_nothing_acknowledged_is_missing_and_nothing_is_doubled(tmp_path):
    EventLog.open(tmp_path, SeededKeys()).close()
    chance = random.Random(7)
    acknowledged = 0
    for _ in range(KILLS):
        start = max(0, acknowledged - REPEATED)
        acknowledged = max(acknowledged, killed_after(tmp_path, start, chance.uniform(0.0, 0.12)))
    with EventLog.open(tmp_path, SeededKeys()) as log:
        facts = list(log.read())
    stored = sorted(fact.seq for fact in facts)
    assert acknowledged > 1000
    assert stored == list(range(len(stored)))
    assert len(stored) >= acknowledged
    assert [fact.pos for fact in facts] == list(range(1, len(facts) + 1))
