"""Sigma rules about doors, cameras, panels and sensors, also mixed with logs and bound to a distance."""

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
class PhysicalRules:
    """Run the rules of the family `physical`: over observations, findings and health, and over logs.

    One finding per rule, subject and hour, extended by every fact that adds to it. A correlation may
    ask that all of it happened within a distance (`tocsin: {near: 100m}`).

    >>> from tocsin.contract.bodies import Contact
    >>> from tocsin.contract.examples import seen
    >>> from tocsin.contract.folding import findings
    >>> from tocsin.contract.ruletexts import RuleTexts
    >>> source = "{product: tocsin, category: observation}"
    >>> mapping = f"{{format: tocsin, lanes: [{{logsources: [{source}]}}], subject: [device]}}"
    >>> found = "{a: {name: door, active: true}, condition: a}"
    >>> rule = f"{{title: A door is open, logsource: {source}, detection: {found}, tocsin: {{family: physical}}}}"
    >>> rules = RuleTexts.of({"rules/door.yml": rule, "rules/mappings/tocsin.yaml": mapping})
    >>> door = seen(Contact(name="door", active=True), source="door-7")
    >>> findings(PhysicalRules(), [door], Resources(rules=rules))[0].because
    "'A door is open' matched once for door-7: name 'door', active 'true'."
    """

    kind: ClassVar[str] = "physical.sigma"
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
        return RuleHits(self.kind, RuleBook.load(resources), "physical", resources.city, bounds)
