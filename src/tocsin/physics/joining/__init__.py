"""Several cameras to one track: who is at one place at one time is one person, whatever the clocks say."""

from tocsin.physics.joining.joiner import Joined, Joiner
from tocsin.physics.joining.parameters import Joining

__all__ = ["Joined", "Joiner", "Joining"]
