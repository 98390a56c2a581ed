# SPDX-License-Identifier: Apache-2.0
"""
The private broker itself: nothing without TLS, nothing but SCRAM, only this
machine.  All other stories stand on it.
"""
import socket
import ssl
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.lab import Missing
from kithlab.story import Story, contains, same

LISTEN = "0A"
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}
STARTTLS = "urn:ietf:params:xml:ns:xmpp-tls"
HEADER = ("<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' to='%s' "
          "xmlns:stream='http://etherx.jabber.org/streams'>")


def told(sock, end):
    """What the server says, up to `end`."""
    text = ""
    while end not in text:
        piece = sock.recv(65536)
        if not piece:
            raise Missing(f"the server ended the stream, wanted {end}: {text}")
        text += piece.decode()
    return text


def features(sock, domain):
    sock.sendall((HEADER % domain).encode())
    return told(sock, "</stream:features>")


def listeners(port):
    """Addresses, as the kernel writes them, on which somebody listens at that port."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as f:
            for line in f.readlines()[1:]:
                local, state = line.split()[1], line.split()[3]
                if state == LISTEN and int(local.rsplit(":", 1)[1], 16) == port:
                    found.add(local.rsplit(":", 1)[0])
    if not found:
        raise Missing(f"nobody listens at {port}")
    return found


def lacks(text, *words):
    for word in words:
        if word in text:
            raise Missing(f"did not expect {word} in: {text}")


def main():
    with Story("the rules of the private broker") as story:
        home = story.home()
        port, domain = home.broker.c2s, home.domain
        with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
            with story.check("in the clear it demands TLS and offers no login"):
                text = features(sock, domain)
                contains(text, STARTTLS, "<required")
                lacks(text, "<mechanism>", "iq-register")
            with story.check("a login in the clear is not taken"):
                sock.sendall(b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
                             b"AGEAYg==</auth>")
                lacks(told(sock, ">"), "<success")
        with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
            features(sock, domain)
            sock.sendall(f"<starttls xmlns='{STARTTLS}'/>".encode())
            contains(told(sock, ">"), "<proceed")
            context = ssl.create_default_context(cafile=str(home.broker.ca))
            with context.wrap_socket(sock, server_hostname=domain) as tls:
                with story.check("over TLS it offers SCRAM, nothing that shows the password"):
                    text = features(tls, domain)
                    contains(text, "<mechanism>SCRAM-SHA-1")
                    lacks(text, ">PLAIN<", ">LOGIN<", ">DIGEST-MD5<", ">ANONYMOUS<", ">X-OAUTH2<")
                    contains(text, "iq-register")
        with story.check("it listens on this machine only"):
            for listening in (port, home.broker.component):
                same(listeners(listening) - LOOPBACK, set())



main()
