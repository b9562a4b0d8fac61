"""The SOAP 1.2 of ONVIF's pull-point events: requests with WS-UsernameToken, and what their answers say."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from msgspec import Struct

from tocsin.formats.onvif_events.messages import TT
from tocsin.model import BadInput

ENVELOPE = "{http://www.w3.org/2003/05/soap-envelope}"
ADDRESSING = "{http://www.w3.org/2005/08/addressing}"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
WSN = "http://docs.oasis-open.org/wsn/bw-2"

_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_TOKEN = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"  # noqa: S105  # a URI
_PARAMETERS_MAX = 16


class Fault(BadInput):
    """The device answered with a SOAP fault; the message holds its code and its words, cut."""

    code = "soap-fault"


class Credentials(Struct, frozen=True, kw_only=True):
    """Who asks: `nonce` (16 random bytes) and `at` (device time, seconds UTC) make each request another."""

    user: str
    password: str
    nonce: bytes
    at: float

    def __repr__(self) -> str:
        return f"Credentials(user={self.user!r})"


class Subscription(Struct, frozen=True, kw_only=True):
    """A pull point: where it is, and which reference parameters (XML) go with each request."""

    address: str
    parameters: tuple[str, ...] = ()


def _request(action: str, body: str, to: str, who: Credentials | None, parameters: tuple[str, ...] = ()) -> bytes:
    security = "" if who is None else _security(who)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">'
        f'<s:Header><a:Action s:mustUnderstand="1">{action}</a:Action>'
        f'<a:To s:mustUnderstand="1">{escape(to)}</a:To>{"".join(parameters)}{security}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def _security(who: Credentials) -> str:
    """WSS UsernameToken Profile 1.0: its password digest is base64(sha1(nonce + created + password))."""
    created = datetime.fromtimestamp(who.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    digest = sha1(who.nonce + created.encode() + who.password.encode()).digest()  # noqa: S324  # the profile's own
    return (
        f'<w:Security xmlns:w="{_WSSE}" s:mustUnderstand="1"><w:UsernameToken>'
        f"<w:Username>{escape(who.user)}</w:Username>"
        f'<w:Password Type="{_TOKEN}#PasswordDigest">{b64encode(digest).decode()}</w:Password>'
        f'<w:Nonce EncodingType="{_WSSE.rpartition("/")[0]}/oasis-200401-wss-soap-message-security-1.0#Base64Binary">'
        f"{b64encode(who.nonce).decode()}</w:Nonce>"
        f'<u:Created xmlns:u="{_WSU}">{created}</u:Created></w:UsernameToken></w:Security>'
    )


def get_time(to: str) -> bytes:
    """Ask the device for its time: needs no identity (access class PRE_AUTH)."""
    return _request(f"{DEVICE}/GetSystemDateAndTime", f'<GetSystemDateAndTime xmlns="{DEVICE}"/>', to, None)


def create_pull_point(to: str, who: Credentials | None, lasts_s: float) -> bytes:
    """Ask for a pull point that the device forgets after `lasts_s` without a renewal."""
    body = (
        f'<CreatePullPointSubscription xmlns="{EVENTS}"><InitialTerminationTime>PT{lasts_s:.0f}S'
        "</InitialTerminationTime></CreatePullPointSubscription>"
    )
    return _request(f"{EVENTS}/EventPortType/CreatePullPointSubscriptionRequest", body, to, who)


def pull(point: Subscription, who: Credentials | None, wait_s: float, most: int) -> bytes:
    """Ask for messages: answered at once when there are some, else after `wait_s`."""
    body = (
        f'<PullMessages xmlns="{EVENTS}"><Timeout>PT{wait_s:g}S</Timeout>'
        f"<MessageLimit>{most}</MessageLimit></PullMessages>"
    )
    action = f"{EVENTS}/PullPointSubscription/PullMessagesRequest"
    return _request(action, body, point.address, who, point.parameters)


def renew(point: Subscription, who: Credentials | None, lasts_s: float) -> bytes:
    """Ask the device to keep the pull point for `lasts_s` more."""
    body = (
        f'<Renew xmlns="http://docs.oasis-open.org/wsn/b-2"><TerminationTime>PT{lasts_s:.0f}S</TerminationTime></Renew>'
    )
    return _request(f"{WSN}/SubscriptionManager/RenewRequest", body, point.address, who, point.parameters)


def unsubscribe(point: Subscription, who: Credentials | None) -> bytes:
    """Tell the device that nobody comes any more."""
    body = '<Unsubscribe xmlns="http://docs.oasis-open.org/wsn/b-2"/>'
    return _request(f"{WSN}/SubscriptionManager/UnsubscribeRequest", body, point.address, who, point.parameters)


def raise_fault(root: Any) -> None:  # noqa: ANN401  # lxml's element
    """Raise Fault where an answer is one."""
    fault = root.find(f"{ENVELOPE}Body/{ENVELOPE}Fault")
    if fault is None:
        return
    codes = [(node.text or "").strip().rpartition(":")[2] for node in fault.iter(f"{ENVELOPE}Value")]
    text = " ".join("".join(node.itertext()) for node in fault.iter(f"{ENVELOPE}Text"))
    raise Fault(f"the device answers {'/'.join(codes[:4]) or 'a fault'}: {' '.join(text.split())[:200]}")


def subscription_of(root: Any) -> Subscription:  # noqa: ANN401
    """The pull point in the answer to its creation; raises Fault, or BadInput where there is none."""
    raise_fault(root)
    found = root.find(f".//{{{EVENTS}}}SubscriptionReference/{ADDRESSING}Address")
    address = "" if found is None else (found.text or "").strip()
    if not address:
        raise BadInput("The device gave no pull point: does it offer PullPoint events (ONVIF profile S, T, C or D)?")
    kept = found.getparent().findall(f"{ADDRESSING}ReferenceParameters/*")[:_PARAMETERS_MAX]
    parameters = tuple(etree.tostring(node, encoding="unicode", with_tail=False) for node in kept)
    return Subscription(address=address, parameters=parameters)


def device_time(root: Any) -> float | None:  # noqa: ANN401
    """What the device's clock shows, seconds UTC; None where it does not say. Raises Fault."""
    raise_fault(root)
    utc = next(root.iter(f"{TT}UTCDateTime"), None)
    if utc is None:
        return None
    try:
        date = [int(utc.findtext(f"{TT}Date/{TT}{name}", "")) for name in ("Year", "Month", "Day")]
        time = [int(utc.findtext(f"{TT}Time/{TT}{name}", "")) for name in ("Hour", "Minute", "Second")]
        return datetime(*date, *time, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]  # six numbers
    except (ValueError, OverflowError):
        return None
