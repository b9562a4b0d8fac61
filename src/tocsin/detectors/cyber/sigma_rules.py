"""Sigma rules about networks, hosts and accounts: what matches, alone or together, is told per subject and hour."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from tocsin.contract.firing import Bounds
from tocsin.contract.protocols import by_city
from tocsin.contract.resources import Resources
from tocsin.contract.rule_hits import LEVELS, RuleHits
from tocsin.contract.rulebook import RuleBook
from tocsin.model import Body, Decision, Finding, Health, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class CyberRules:
    """Run the rules of the family `cyber`: ours, and a city's own, over logs and over what sensors say.

    One finding per rule, subject and hour, extended by every batch that adds to it. The weight is the
    rule's level, or what a back-test counted.

    >>> from tocsin.contract.bodies import LogEvents
    >>> from tocsin.contract.examples import seen
    >>> from tocsin.contract.folding import findings
    >>> from tocsin.contract.ruletexts import RuleTexts
    >>> mapping = "{format: eve, lanes: [{logsources: [{product: suricata}]}], subject: [dest_ip], actors: [src_ip]}"
    >>> rule = "{title: A shell, logsource: {product: suricata}, detection: {a: {url: /shell}, condition: a}}"
    >>> rules = RuleTexts.of({"rules/shell.yml": rule, "rules/mappings/eve.yaml": mapping})
    >>> row = {"at": 5.0, "url": "/shell", "src_ip": "198.51.100.7", "dest_ip": "10.0.0.2"}
    >>> lines = seen(LogEvents(format="eve", offsets=(0,), rows=(row,)))
    >>> findings(CyberRules(), [lines], Resources(rules=rules))[0].because
    "'A shell' matched once for 10.0.0.2: url '/shell'."
    """

    kind: ClassVar[str] = "cyber.sigma"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type, ...]] = (Body, Finding, Health, Decision)
    key: ClassVar = by_city
    sees: ClassVar[tuple[str, ...]] = ()
    default_nats: ClassVar[dict[str, float]] = LEVELS
    reloads: ClassVar[tuple[str, ...]] = ("rules",)

    window_s: Annotated[float, Meta(description="Length of one window of a finding, seconds.", gt=0)] = 3_600.0
    campaigns_max: Annotated[int, Meta(description="Most findings that are extended at a time.", ge=1)] = 512
    actors_max: Annotated[int, Meta(description="Most distinct actors counted per finding.", ge=1)] = 64
    actors_named_max: Annotated[int, Meta(description="Most actors named in a finding.", ge=1)] = 20
    events_max: Annotated[int, Meta(description="Most events that correlations remember.", ge=4)] = 50_000

    def start(self, resources: Resources) -> RuleHits:
        """Take the rules in force; those that cannot be used are left out, with their reasons."""
        bounds = Bounds(self.window_s, self.campaigns_max, self.actors_max, self.actors_named_max, self.events_max)
        return RuleHits(self.kind, RuleBook.load(resources), "cyber", resources.city, bounds)
