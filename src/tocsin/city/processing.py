"""Records of processing: why, on which legal ground, by whom and for how long a place is looked at (GDPR, Art. 30)."""

from typing import Annotated

from msgspec import Meta, Struct

from tocsin.model import Validity

Sentence = Annotated[str, Meta(min_length=3, max_length=2_000)]


class Processing(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The record of one place: a camera that names none does not start.

    `notice` is the text of the sign on the spot (first layer, EDPB guidelines 3/2019), `more` where the
    second layer is read. `forbidden` are analytics that the data-protection officer switched off here,
    whatever a camera asks for. `retention_h` is how long masked pictures are kept; over 72 needs a reason.
    """

    id: Annotated[str, Meta(min_length=1, max_length=80)]
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    purpose: Sentence
    legal_basis: Sentence
    controller: Sentence
    notice: Sentence
    retention_h: Annotated[float, Meta(gt=0, le=720)] = 72.0
    retention_reason: str = ""
    contact: str = ""
    more: str = ""
    recipients: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    reviewed: str = ""
    validity: Validity = Validity()

    def allows(self, kind: str) -> bool:
        """Whether an analytic may run here: an entry forbids a kind, or a whole family (`crowd.*`).

        >>> record = Processing(id="p", name="Square", purpose="safety of events", legal_basis="law 1",
        ...     controller="the city", notice="Cameras count people here.", forbidden=("vision.loitering",))
        >>> record.allows("vision.zone"), record.allows("vision.loitering")
        (True, False)
        """
        family = f"{kind.partition('.')[0]}.*"
        return kind not in self.forbidden and family not in self.forbidden

    def kept_h(self, usual_h: float) -> float:
        """Hours that masked pictures are kept here: more than usual only where a reason is given."""
        return self.retention_h if self.retention_reason else min(self.retention_h, usual_h)

    @property
    def faults(self) -> tuple[str, ...]:
        """What cannot stand although each field alone is well-formed."""
        if self.retention_h > 72 and not self.retention_reason:
            return (f"{self.name}: keeping pictures {self.retention_h:g} h needs a reason in `retention_reason`.",)
        return ()
