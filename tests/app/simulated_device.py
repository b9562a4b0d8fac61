"""An ONVIF device on loopback: it answers who is there (UDP), and which streams it has (SOAP over HTTP)."""

import re
import socket
import threading

from tests.sources.simulated_onvif import FAULT, SimulatedOnvif

MEDIA = "http://www.onvif.org/ver10/media/wsdl"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"


def profile(token, name, width, height, rate, *, metadata=False):
    """A profile as a device describes it, in the order of the schema."""
    data = (
        '<t:MetadataConfiguration token="m"><t:Name>m</t:Name><t:UseCount>1</t:UseCount><t:Analytics>true</t:Analytics>'
        "<t:Multicast><t:Address><t:Type>IPv4</t:Type></t:Address><t:Port>0</t:Port><t:TTL>1</t:TTL>"
        "<t:AutoStart>false</t:AutoStart></t:Multicast><t:SessionTimeout>PT60S</t:SessionTimeout>"
        "</t:MetadataConfiguration>"
    )
    return (
        f'<m:Profiles token="{token}" fixed="true"><t:Name>{name}</t:Name>'
        f'<t:VideoEncoderConfiguration token="e"><t:Name>e</t:Name><t:UseCount>1</t:UseCount>'
        f"<t:Encoding>H264</t:Encoding><t:Resolution><t:Width>{width}</t:Width><t:Height>{height}</t:Height>"
        f"</t:Resolution><t:Quality>4</t:Quality><t:RateControl><t:FrameRateLimit>{rate}</t:FrameRateLimit>"
        "<t:EncodingInterval>1</t:EncodingInterval><t:BitrateLimit>4096</t:BitrateLimit></t:RateControl>"
        "<t:Multicast><t:Address><t:Type>IPv4</t:Type></t:Address><t:Port>0</t:Port><t:TTL>1</t:TTL>"
        "<t:AutoStart>false</t:AutoStart></t:Multicast><t:SessionTimeout>PT60S</t:SessionTimeout>"
        f"</t:VideoEncoderConfiguration>{data if metadata else ''}</m:Profiles>"
    )


class SimulatedDevice(SimulatedOnvif):
    """A device with streams. `streams` maps tokens to the addresses that it gives, `described` are its profiles."""

    def __init__(self, described, streams, *, services_at="", **how):
        super().__init__(**how)
        self.described, self.streams, self.services_at = described, streams, services_at

    def _service(self, namespace, path):
        version = "<d:Version><t:Major>2</t:Major><t:Minor>6</t:Minor></d:Version>"
        where = f"{self.services_at or self.url}{path}"
        return f"<d:Service><d:Namespace>{namespace}</d:Namespace><d:XAddr>{where}</d:XAddr>{version}</d:Service>"

    def _GetServices(self, _root):  # noqa: N802  # the operation's own name
        found = self._service(DEVICE, "/onvif/device_service") + self._service(MEDIA, "/onvif/media")
        return self._soap(f'<d:GetServicesResponse xmlns:d="{DEVICE}">{found}</d:GetServicesResponse>')

    def _GetProfiles(self, _root):  # noqa: N802
        return self._soap(f'<m:GetProfilesResponse xmlns:m="{MEDIA}">{"".join(self.described)}</m:GetProfilesResponse>')

    def _GetStreamUri(self, root):  # noqa: N802
        token = root.findtext(f".//{{{MEDIA}}}ProfileToken")
        if token not in self.streams:
            return self._soap(FAULT.format("ter:NoProfile", "no such profile"), 400)
        return self._soap(
            f'<m:GetStreamUriResponse xmlns:m="{MEDIA}"><m:MediaUri><t:Uri>{self.streams[token]}</t:Uri>'
            "<t:InvalidAfterConnect>false</t:InvalidAfterConnect><t:InvalidAfterReboot>false</t:InvalidAfterReboot>"
            "<t:Timeout>PT0S</t:Timeout></m:MediaUri></m:GetStreamUriResponse>"
        )


def match(addresses, scopes="", endpoint="urn:uuid:1"):
    """What a device answers."""
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><s:Body><d:ProbeMatches><d:ProbeMatch>'
        f"<a:EndpointReference><a:Address>{endpoint}</a:Address></a:EndpointReference>"
        f"<d:Scopes>{scopes}</d:Scopes><d:XAddrs>{addresses}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>"
        "</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
    ).encode()


class Responder:
    """Answers each question who is there with these datagrams; `asked` are the message ids that came."""

    def __init__(self, *answers):
        self.answers, self.asked = answers, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.group = self.socket.getsockname()
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _run(self):
        while True:
            try:
                question, asker = self.socket.recvfrom(65_535)
            except OSError:
                return
            self.asked.extend(re.findall(rb"urn:uuid:([0-9a-f-]{36})", question))
            for answer in self.answers:
                self.socket.sendto(answer, asker)
