"""ONVIF events: notification messages as rows and as sides of two-state sensors; the SOAP that fetches them."""

from tocsin.formats.onvif_events.messages import (
    BYTES_MAX,
    Message,
    is_identifying,
    messages_of,
    parsed,
    row_of,
    row_text,
)
from tocsin.formats.onvif_events.sides import Side, side_of
from tocsin.formats.onvif_events.soap import (
    Credentials,
    Fault,
    Subscription,
    create_pull_point,
    device_time,
    get_time,
    pull,
    renew,
    subscription_of,
    unsubscribe,
)

__all__ = [
    "BYTES_MAX",
    "Credentials",
    "Fault",
    "Message",
    "Side",
    "Subscription",
    "create_pull_point",
    "device_time",
    "get_time",
    "is_identifying",
    "messages_of",
    "parsed",
    "pull",
    "renew",
    "row_of",
    "row_text",
    "side_of",
    "subscription_of",
    "unsubscribe",
]
