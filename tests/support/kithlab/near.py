# SPDX-License-Identifier: Apache-2.0
"""
near: what a thing meets on its local network: somebody who announces brokers by
DNS-SD or SSDP, and servers that are not what they say.  For stories that have a
network of their own (`own_network`), where loopback carries multicast.
"""
import os
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading

MDNS = ("224.0.0.251", 5353)
SSDP = ("239.255.255.250", 1900)
TARGET = "urn:kith:service:xmpp-client:1"
STREAM = ("<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' id='x' "
          "xmlns:stream='http://etherx.jabber.org/streams' from='home.example'>")
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"


def own_network():
    """
    This program again, alone on a network with nothing but loopback; False when
    that is not possible here.  Mounts are private as well.
    """
    if os.environ.get("KITH_OWN_NETWORK"):
        for words in ("link set lo up", "link set lo multicast on"):
            subprocess.run(["ip", *words.split()], check=True)
        return True
    if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "-m", "true"], check=False,
                                           stderr=subprocess.DEVNULL).returncode:
        return False
    os.environ["KITH_OWN_NETWORK"] = "1"
    os.execvp("unshare", ["unshare", "-n", "-m", "--", sys.executable, "-B", *sys.argv])
    return False


class _Thread:
    """Something that answers beside the story, until the lab ends."""

    def __init__(self, lab):
        self.stopping, self.heart = os.pipe()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        lab.endings.append(self.stop)

    def stop(self):
        if self.heart is not None:
            os.close(self.heart)
            self.heart = None
            self.thread.join()
            os.close(self.stopping)

    def _ready(self, *sockets):
        """Those with something to read; None: stop."""
        ready = select.select([self.stopping, *sockets], [], [])[0]
        return None if self.stopping in ready else ready

    def _run(self):
        raise NotImplementedError


def _group_socket(group):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(group)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                 struct.pack("4s4s", socket.inet_aton(group[0]), socket.inet_aton("127.0.0.1")))
    return s


def name(text):
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".") if part) + b"\0"


def _record(owner, kind, data):
    return name(owner) + struct.pack(">HHIH", kind, 0x8001, 120, len(data)) + data


class Announcer(_Thread):
    """
    Announces one broker, from an address of its own below 127; `heard` is every
    multicast packet it got, whoever sent it.
    """

    def __init__(self, lab, port, domain="home.example", address="127.0.0.1", priority=10, **text):
        self.port, self.domain, self.address, self.priority = port, domain, address, priority
        self.text = {"txtvers": "1", "ordom": domain, **text}
        self.heard = []
        self.mdns, self.ssdp = _group_socket(MDNS), _group_socket(SSDP)
        self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.out.bind((address, 0))
        super().__init__(lab)

    def _run(self):
        while True:
            ready = self._ready(self.mdns, self.ssdp)
            if ready is None:
                break
            for s in ready:
                packet, asker = s.recvfrom(9000)
                self.heard.append(packet)
                answer = self._mdns(packet) if s is self.mdns else self._ssdp(packet)
                if answer:
                    self.out.sendto(answer, asker)
        for s in (self.mdns, self.ssdp, self.out):
            s.close()

    def _mdns(self, packet):
        service, host = "_xmpp-client._tcp.local", "broker-" + self.address.replace(".", "-") + ".local"
        instance = "broker." + service
        if name(service) not in packet or packet[2] & 0x80:
            return None
        records = [
            _record(service, 12, name(instance)),
            _record(instance, 33, struct.pack(">3H", self.priority, 0, self.port) + name(host)),
            _record(instance, 16, b"".join(bytes([len(k) + len(v) + 1]) + f"{k}={v}".encode()
                                           for k, v in self.text.items())),
            _record(host, 1, socket.inet_aton(self.address)),
        ]
        return packet[:2] + struct.pack(">5H", 0x8400, 0, len(records), 0, 0) + b"".join(records)

    def _ssdp(self, packet):
        if f"ST: {TARGET}\r\n".encode() not in packet:
            return None
        return (f"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=60\r\nEXT:\r\nST: {TARGET}\r\n"
                f"USN: uuid:{self.address}::{TARGET}\r\n"
                f"LOCATION: xmpp-client://{self.address}:{self.port}/{self.domain}\r\n\r\n").encode()


class Impostor(_Thread):
    """
    A server with a certificate of its own, which begins as any XMPP server does.
    `visits`; `clear` and `secret` are what it was told before and inside TLS.
    With `moved` it sends everybody there instead.
    """

    def __init__(self, lab, certificate=None, address="127.0.0.1", moved=None):
        self.visits, self.clear, self.secret, self.moved = 0, b"", b"", moved
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        super().__init__(lab)

    def _run(self):
        while self._ready(self.listener) is not None:
            connection, _ = self.listener.accept()
            connection.settimeout(10)
            self.visits += 1
            try:
                self._talk(connection)
            except OSError:
                pass
            connection.close()
        self.listener.close()

    def _until(self, connection, end):
        got = b""
        while end not in got:
            more = connection.recv(4096)
            if not more:
                raise OSError("gone")
            self.clear += more
            got += more

    def _talk(self, connection):
        self._until(connection, b"<stream:stream")
        if self.moved:
            connection.sendall((STREAM + f"<stream:error><see-other-host xmlns='{STREAMS}'>"
                                f"{self.moved}</see-other-host></stream:error></stream:stream>").encode())
            return
        connection.sendall((STREAM + f"<stream:features><starttls xmlns='{TLS}'><required/>"
                            "</starttls></stream:features>").encode())
        self._until(connection, b"<starttls")
        connection.sendall(f"<proceed xmlns='{TLS}'/>".encode())
        with self.context.wrap_socket(connection, server_side=True) as inside:
            while True:
                more = inside.recv(4096)
                if not more:
                    return
                self.secret += more


class Avahi:
    """The real one, without its bus, on loopback."""

    PROGRAM = "/usr/sbin/avahi-daemon"

    def __init__(self, lab, port, domain):
        settings = lab.path("avahi")
        os.makedirs(settings + "/services")
        lab.write("avahi/avahi-daemon.conf", "[server]\nhost-name=brokera\nuse-ipv4=yes\n"
                  "use-ipv6=no\nallow-interfaces=lo\nenable-dbus=no\n[publish]\n"
                  "publish-hinfo=no\npublish-workstation=no\n", 0o644)
        with open(os.environ.get("top_srcdir", ".") + "/docs/OPERATING.md", encoding="utf-8") as f:
            guide = f.read().split("```xml\n", 1)[1].split("```", 1)[0]
        lab.write("avahi/services/xmpp.service", guide.replace(">5222<", f">{port}<").replace(
            "home.example", domain), 0o644)
        for words in ("-t tmpfs tmpfs /run", f"--bind {settings} /etc/avahi"):
            subprocess.run(["mount", *words.split()], check=True)
        os.makedirs("/run/avahi-daemon", exist_ok=True)
        self.process = lab.start("avahi", [self.PROGRAM, "-f", settings + "/avahi-daemon.conf",
                                           "--no-drop-root", "--no-chroot", "--no-rlimits"])
        lab.wait(lambda: "established" in self.process.log(), "avahi to announce", 20)

    @classmethod
    def is_there(cls):
        return os.access(cls.PROGRAM, os.X_OK)
