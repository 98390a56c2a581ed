# SPDX-License-Identifier: Apache-2.0
"""
holder: a service or device of another maker that has an X.509 certificate and
its key, gets a token for it (XEP-0324) and shows that to things.  RSA as
deployed clients do it, or, with `ours`, in the form of docs/PROTOCOL.md; EC and
Ed25519 only so.
"""
import base64
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

from .dialect import GENERATIONS
from .lab import Missing
from .person import CLIENT, Person, condition, payload

PROOF = "<proof xmlns='urn:kith:token:0'/>"


def b64(data):
    return base64.b64encode(data).decode()


def make_key(kind):
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1()) if kind == "ec" \
        else ed25519.Ed25519PrivateKey.generate()


def make_certificate(key, name, days=30):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.utcnow()
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=days)).sign(key, digest))
    return made.public_bytes(serialization.Encoding.DER)


def joined(parts):
    return b"".join(len(p).to_bytes(8, "big") + p for p in parts)


class Holder(Person):
    """`gen`: X, I, N or NFI."""

    def __init__(self, home, name, kind="rsa", gen="N", ours=False, **more):
        super().__init__(home.lab, home.broker, name, **more)
        self.home, self.gen, self.ours = home, GENERATIONS[gen], ours or kind != "rsa"
        self.ns = self.gen.device.replace(":d:", ":t:")
        self.key = make_key(kind)
        self.der = make_certificate(self.key, name)
        self.token = self.name = None
        self.challenges = 0
        self.habits.append(self._answer_challenge)

    # -- its key

    def solve(self, purpose, challenge):
        parts = [b"urn:kith:token:0", purpose, self.home.jid.encode(), self.me.encode()]
        if isinstance(self.key, rsa.RSAPrivateKey):
            digest = hashes.SHA256() if self.ours else hashes.SHA1()
            return self.key.decrypt(challenge, padding.OAEP(
                padding.MGF1(digest), digest, joined(parts) if self.ours else None))
        text = joined(parts + [challenge])
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(text, ec.ECDSA(hashes.SHA256()))
        return self.key.sign(text)

    # -- a token

    def get_token(self):
        """(error condition or None)"""
        shown = self.ask(self.home.jid, "get", f"<getToken xmlns='{self.ns}'>{b64(self.der)}"
                         f"{PROOF if self.ours else ''}</getToken>")
        if condition(shown):
            return condition(shown)
        challenge = payload(shown)
        answer = self.solve(b"get", base64.b64decode(challenge.text))
        given = self.ask(self.home.jid, "get",
                         f"<getTokenChallengeResponse xmlns='{self.ns}' "
                         f"seqnr='{challenge.get('seqnr')}'>{b64(answer)}"
                         "</getTokenChallengeResponse>")
        if condition(given):
            return condition(given)
        self.token = payload(given).get("token")
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.der)
        self.name = base64.b32encode(digest.finalize()[:16]).decode().rstrip("=").lower()
        return None

    def certificate(self, token):
        answer = self.ask(self.home.jid, "get",
                          f"<getCertificate xmlns='{self.ns}'>{token}</getCertificate>")
        return condition(answer) or base64.b64decode(payload(answer).text)

    # -- showing it

    def read(self, full, token, kind="service", seconds=15):
        """The value of "temperature", or the condition of the refusal."""
        short = self.gen.name != "X"
        attribute = {"service": "st", "device": "dt", "user": "ut"}[kind] if short \
            else kind + "Token"
        number = self.next_id()[2:].split("-")[0]
        inner = (f"<req xmlns='{self.gen.sensor}' {'id' if short else 'seqnr'}='{number}' "
                 f"{'m' if short else 'momentary'}='true' {attribute}='{token}'>"
                 + ("<f n='temperature'/>" if short else "<field name='temperature'/>")
                 + "</req>")
        answer = self.ask(full, "get", inner, seconds)
        if condition_of(answer):
            return condition_of(answer)
        data = self.expect(lambda s: s.get("from") == full and s.tag == CLIENT + "message"
                           and len(s) and s[0].get("id", s[0].get("seqnr")) == number,
                           "the reading", seconds)
        for element in data.iter():
            if element.get("n", element.get("name")) == "temperature":
                return element.get("v", element.get("value"))
        return None

    def _answer_challenge(self, stanza):
        if len(stanza) != 1 or not stanza[0].tag.endswith("}tokenChallenge") \
                or stanza.get("type") != "get":
            return None
        self.challenges += 1
        self.inbox.remove(stanza)
        try:
            said = self.solve(b"use", base64.b64decode(stanza[0].text))
        except ValueError:
            return (f"<iq type='error' to='{stanza.get('from')}' id='{stanza.get('id')}'>"
                    "<error type='cancel'><forbidden "
                    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")
        ns = stanza[0].tag[1:].split("}")[0]
        return (f"<iq type='result' to='{stanza.get('from')}' id='{stanza.get('id')}'>"
                f"<tokenChallengeResponse xmlns='{ns}'>{b64(said)}</tokenChallengeResponse></iq>")


def condition_of(answer):
    """As condition(); things may add an element of the protocol to the error."""
    if answer.get("type") != "error":
        return None
    for element in answer.iter():
        if element.tag.startswith("{urn:ietf:params:xml:ns:xmpp-stanzas}"):
            return element.tag.split("}")[1]
    raise Missing("an error without a condition")
