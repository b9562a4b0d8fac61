"""`tocsin export cap`: the newest public warning of an incident, as it would leave or left."""

from pathlib import Path

from tocsin.app.house import declared
from tocsin.app.layout import city_of, data_of, settings_of
from tocsin.contract.resources import Resources
from tocsin.contract.walk import start
from tocsin.gate.keys import KeyRing
from tocsin.model import Action, NotFound, Origin, Proposal
from tocsin.store.casebook import Casebook
from tocsin.store.log import FILE, EventLog

WARNING = "warning.cap"
"""The responder that drafts public warnings."""


def export_cap(folder: Path, incident: str, now: float) -> str:
    """CAP 1.2 XML of the newest warning of an incident, marked by its origin.

    What was sent is told as it was sent; a draft as it would leave now, or, where the facts are
    not live, as of when it was drafted. Raises NotFound, BadInput where it may not be sent,
    StoreError while a server uses the log.
    """
    proposal, sent = _newest(data_of(folder), incident)
    settings = settings_of(folder)
    members = declared("responders", settings)
    if WARNING not in members:
        message = f"Responder {WARNING} is switched off: take it out of `off`."
        raise NotFound(message)
    warnings = start(members[WARNING], Resources(city=city_of(folder, settings)))
    if sent is not None:
        return str(warnings.act(sent)[0].payload.decode())
    at = now if proposal.origin is Origin.LIVE else proposal.at
    text: str = warnings.preview(proposal, at)[1]
    return text


def _newest(data: Path, incident: str) -> tuple[Proposal, Action | None]:
    """The newest warning of an incident, and the action that sent it, if one did."""
    if not (data / "log" / FILE).is_file():
        message = f"There is no log in {data}: name a city that was served, or a run that was kept."
        raise NotFound(message)
    with EventLog.open(data / "log", KeyRing.open(data / "private" / "keys")) as log:
        book = Casebook(log)
        known = book.incident(incident)
        found = [one for one in book.proposals(known.id) if one.responder == WARNING]
        if not found:
            message = f"Incident {incident} has no public warning: only what endangers life is warned of."
            raise NotFound(message)
        return found[0], _sent(book, found[0])


def _sent(book: Casebook, proposal: Proposal) -> Action | None:
    """The newest approved action where nothing newer waits as a draft."""
    actions = book.actions(proposal.id) if proposal.state != "draft" else []
    return actions[0] if actions else None
