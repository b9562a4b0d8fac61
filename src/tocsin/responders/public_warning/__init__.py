"""Public warnings as CAP 1.2, drafted from an incident and kept through their whole life."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from tocsin.contract.news import by_incident
from tocsin.contract.protocols import Key
from tocsin.contract.resources import Resources
from tocsin.model import Action, ConfigError, Decision, Fact, Incident, Level, Priority
from tocsin.responders.public_warning.life import Warnings
from tocsin.responders.public_warning.message import Sender
from tocsin.responders.public_warning.situation import Reader
from tocsin.responders.public_warning.templates import load


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicWarning:
    """Draft a CAP 1.2 warning for an incident that endangers life, and follow it until it ends.

    One proposal per incident, `<incident>:cap`. Its state is draft, sent, cancelled, all-clear,
    rejected, withdrawn or expired; its draft's `msgType` says what the next message would be. It
    drafts anew while the incident changes, but keeps what a person has edited. Nothing leaves
    before an approval with a typed word.

    >>> from tocsin.contract.cases import incident
    >>> from tocsin.contract.folding import folded
    >>> proposal = folded(PublicWarning(), [incident("toxic")])[0]
    >>> proposal.title, proposal.typed, proposal.languages
    ('Warn the public: Toxic gas, Rautatientori', 'WARN', ('en', 'fi', 'sv'))
    """

    kind: ClassVar[str] = "warning.cap"
    needs: ClassVar[Level] = Level.ANONYMOUS
    accepts: ClassVar[tuple[type[Fact], ...]] = (Incident, Decision, Action)
    key: ClassVar[Key] = by_incident

    sender: Annotated[str, Meta(description="Who warns, unique in the world: a domain or address.")] = "tocsin.invalid"
    sender_name: Annotated[str, Meta(description="Who warns, for people; empty: the city's name.")] = ""
    contact: Annotated[str, Meta(description="Where the public can ask; empty for none.")] = ""
    languages: Annotated[tuple[str, ...], Meta(description="Languages, the first leads.")] = ("en", "fi", "sv")
    outlets: Annotated[tuple[str, ...], Meta(description="Names of the outlets that it goes to.")] = ("folder",)
    priority_max: Annotated[Priority, Meta(description="Least urgent priority that is warned of.")] = Priority.HIGH
    approvers: Annotated[int, Meta(description="How many people must approve.", ge=1)] = 1
    moved_m_min: Annotated[float, Meta(description="Reach beyond the earlier area that is news, metres.", gt=0)] = 50.0
    references_max: Annotated[int, Meta(description="Most earlier messages referred to.", ge=1)] = 16

    def start(self, resources: Resources) -> Warnings:
        """Read the templates. Raises ConfigError naming file and what is missing."""
        if not self.languages or not self.outlets:
            raise ConfigError(f"{self.kind} needs at least one of each: languages, outlets.")
        city = resources.city
        name = self.sender_name or (city.name if city is not None else "")
        templates = load(resources, self.languages)
        return Warnings(
            rules=self,
            templates=templates,
            sender=Sender(id=self.sender, name=name, contact=self.contact),
            reader=Reader(rules=self, templates=templates, city=city),
        )
