"""A small ONVIF device behind a real HTTP server: it checks both kinds of digest and hands out its events."""

import re
import threading
import time
from base64 import b64decode
from datetime import UTC, datetime
from hashlib import md5, sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lxml import etree

SPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" '
    'xmlns:e="http://www.onvif.org/ver10/events/wsdl" xmlns:t="http://www.onvif.org/ver10/schema" '
    'xmlns:w="http://docs.oasis-open.org/wsn/b-2" xmlns:tns1="http://www.onvif.org/ver10/topics"'
)
FAULT = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{}</s:Value></s:Subcode></s:Code>"
    "<s:Reason><s:Text>{}</s:Text></s:Reason></s:Fault>"
)
USER, PASSWORD, REALM = "tocsin", "right & long", "device"


def stamp(at):
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def note(topic, data, *, at, source=(), operation="Changed"):
    """One notification as a device writes it."""
    items = "".join(f'<t:SimpleItem Name="{name}" Value="{value}"/>' for name, value in source)
    values = "".join(f'<t:SimpleItem Name="{name}" Value="{value}"/>' for name, value in data)
    when = f'UtcTime="{stamp(at)}"' if at else ""
    return (
        f"<w:NotificationMessage><w:Topic>tns1:{topic}</w:Topic><w:Message>"
        f'<t:Message {when} PropertyOperation="{operation}"><t:Source>{items}</t:Source><t:Data>{values}</t:Data>'
        "</t:Message></w:Message></w:NotificationMessage>"
    )


class SimulatedOnvif:
    """The device. `ahead_s` is how far its clock is ahead; `calls` what it was asked, in order."""

    def __init__(self, *, ahead_s=0.0, http_digest=False, elsewhere=False):
        self.ahead_s, self.http_digest, self.elsewhere = ahead_s, http_digest, elsewhere
        self.calls, self.nonces, self.pending = [], set(), []
        self.changed = threading.Condition()
        self.points, self.refuses, self.garbage = 0, False, b""
        device = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer, headers = device.answer(self.path, self.headers, body)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def say(self, *notes):
        """Lay notifications ready to be pulled."""
        with self.changed:
            self.pending.extend(notes)
            self.changed.notify_all()

    def answer(self, path, headers, body):
        """One request: status, content, headers."""
        root = etree.fromstring(body)
        call = root.find("{http://www.w3.org/2003/05/soap-envelope}Body")[0].tag.rpartition("}")[2]
        if self.garbage and call == "PullMessages":
            garbage, self.garbage = self.garbage, b""
            return 200, garbage, {}
        if call != "GetSystemDateAndTime":
            if self.http_digest and not self._http_digest_holds(headers, path):
                challenge = f'Digest realm="{REALM}", nonce="n1", qop="auth", algorithm=MD5'
                return 401, b"", {"WWW-Authenticate": challenge}
            problem = self._token_problem(root)
            if problem or self.refuses:
                return self._soap(FAULT.format("ter:NotAuthorized", problem or "refused"), 400)
        self.calls.append(call)
        return getattr(self, f"_{call}")(root)

    def _soap(self, inner, status=200):
        text = f"<s:Envelope {SPACES}><s:Body>{inner}</s:Body></s:Envelope>"
        return status, text.encode(), {"Content-Type": "application/soap+xml"}

    def _token_problem(self, root):
        """What is wrong with the UsernameToken: digest, age, or a nonce that came before."""
        found = {node.tag.rpartition("}")[2]: node.text for node in root.iter() if isinstance(node.tag, str)}
        nonce = b64decode(found.get("Nonce") or "")
        expected = sha1(nonce + (found.get("Created") or "").encode() + PASSWORD.encode()).digest()
        if found.get("Username") != USER or b64decode(found.get("Password") or "") != expected:
            return "wrong digest"
        if abs(datetime.fromisoformat(found["Created"]).timestamp() - time.time() - self.ahead_s) > 5:
            return "wrong time"
        if nonce in self.nonces:
            return "nonce was used before"
        self.nonces.add(nonce)
        return ""

    def _http_digest_holds(self, headers, path):
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', headers.get("Authorization") or ""))
        if not said:
            return False
        one = md5(f"{USER}:{REALM}:{PASSWORD}".encode()).hexdigest()
        two = md5(f"POST:{path}".encode()).hexdigest()
        text = f"{one}:{said.get('nonce')}:{said.get('nc')}:{said.get('cnonce')}:auth:{two}"
        return said.get("response") == md5(text.encode()).hexdigest()

    def _GetSystemDateAndTime(self, _root):  # noqa: N802  # the operation's own name
        now = datetime.fromtimestamp(time.time() + self.ahead_s, UTC)
        return self._soap(
            "<d:GetSystemDateAndTimeResponse xmlns:d='http://www.onvif.org/ver10/device/wsdl'><d:SystemDateAndTime>"
            f"<t:UTCDateTime><t:Time><t:Hour>{now.hour}</t:Hour><t:Minute>{now.minute}</t:Minute>"
            f"<t:Second>{now.second}</t:Second></t:Time><t:Date><t:Year>{now.year}</t:Year>"
            f"<t:Month>{now.month}</t:Month><t:Day>{now.day}</t:Day></t:Date></t:UTCDateTime>"
            "</d:SystemDateAndTime></d:GetSystemDateAndTimeResponse>"
        )

    def _CreatePullPointSubscription(self, _root):  # noqa: N802
        self.points += 1
        address = "http://10.255.255.1:81/point" if self.elsewhere else f"{self.url}/point"
        now = time.time() + self.ahead_s
        return self._soap(
            f"<e:CreatePullPointSubscriptionResponse><e:SubscriptionReference><a:Address>{address}</a:Address>"
            f'<a:ReferenceParameters><x:Id xmlns:x="urn:x">{self.points}</x:Id></a:ReferenceParameters>'
            f"</e:SubscriptionReference><w:CurrentTime>{stamp(now)}</w:CurrentTime>"
            f"<w:TerminationTime>{stamp(now + 60)}</w:TerminationTime></e:CreatePullPointSubscriptionResponse>"
        )

    def _PullMessages(self, root):  # noqa: N802
        if root.findtext(".//{urn:x}Id") != str(self.points):
            return self._soap(FAULT.format("wsntw:ResourceUnknown", "no such pull point"), 400)
        wait_s = float(root.findtext(".//{http://www.onvif.org/ver10/events/wsdl}Timeout")[2:-1])
        with self.changed:
            self.changed.wait_for(lambda: bool(self.pending), wait_s)
            notes, self.pending = self.pending[:5], self.pending[5:]
        return self._soap(f"<e:PullMessagesResponse>{''.join(notes)}</e:PullMessagesResponse>")

    def _Renew(self, _root):  # noqa: N802
        return self._soap("<w:RenewResponse/>")

    def _Unsubscribe(self, _root):  # noqa: N802
        return self._soap("<w:UnsubscribeResponse/>")
