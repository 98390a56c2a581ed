# SPDX-License-Identifier: Apache-2.0
"""
console: profanity, an ordinary chat client, in tmux: somebody types, we look
at the screen and at the chat log that profanity keeps.
"""
import glob
import os
import re
import subprocess

from .desk import is_question
from .lab import Missing

ACCOUNT = """\
[owner]
enabled=true
jid={jid}
resource=profanity
password={password}
server=127.0.0.1
port={port}
tls.policy=force
presence.last=online
presence.login=online
"""
SETTINGS = """\
[ui]
splash=false
wrap=true
roster=false
occupants=false
beep=false
[notifications]
room=off
[connection]
account=owner
reconnect=1
[logging]
chlog=true
"""


class Console:
    WIDTH, HEIGHT = 180, 60

    def __init__(self, lab, broker, jid, password):
        self.lab, self.jid = lab, jid
        self.home = lab.path("profanity")
        for name, text in ((".local/share/profanity/accounts",
                            ACCOUNT.format(jid=jid, password=password, port=broker.c2s)),
                           (".config/profanity/profrc", SETTINGS)):
            lab.write(os.path.join("profanity", name), text)
        # The private CA and nothing else is trusted.
        self.env = {"PATH": "/usr/bin:/bin", "HOME": self.home, "LANG": "C.UTF-8",
                    "SSL_CERT_FILE": broker.ca, "SSL_CERT_DIR": "/nonexistent",
                    "TERM": "screen-256color"}
        self.tmux_socket = lab.path("tmux")
        self.started = False

    def command(self):
        """How a person at a terminal becomes this owner."""
        env = " ".join(f"{k}={v}" for k, v in self.env.items() if k not in ("TERM", "PATH"))
        return f"env {env} profanity"

    def _tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.tmux_socket, "-f", "/dev/null", *words],
                              env=self.env, text=True, check=True, capture_output=True,
                              stdin=subprocess.DEVNULL).stdout

    def start(self):
        self._tmux("new-session", "-d", "-s", "owner", "-x", str(self.WIDTH),
                   "-y", str(self.HEIGHT), "profanity")
        self.started = True
        self.lab.endings.append(self.stop)
        self.sees("logged in successfully")
        return self

    def stop(self):
        if self.started:
            self.started = False
            subprocess.run(["tmux", "-S", self.tmux_socket, "kill-server"], env=self.env,
                           stderr=subprocess.DEVNULL, check=False)

    def screen(self):
        return self._tmux("capture-pane", "-p", "-t", "owner")

    def type(self, line):
        self._tmux("send-keys", "-t", "owner", "-l", line)
        self._tmux("send-keys", "-t", "owner", "Enter")

    def sees(self, pattern, seconds=30):
        try:
            return self.lab.wait(lambda: re.search(pattern, self.screen()),
                                 f"/{pattern}/ on the screen", seconds)
        except Missing as e:
            raise Missing(f"{e}; the screen shows\n{self.screen()}") from None

    # -- conversations, by profanity's own log of them

    def log(self, jid):
        """Everything said with somebody: '2026-11-21T11:45:56.36Z - desk@x: text' lines."""
        folder = os.path.join(self.home, ".local/share/profanity/chatlogs",
                              self.jid.replace("@", "_at_"), jid.replace("@", "_at_"))
        text = ""
        for path in sorted(glob.glob(os.path.join(folder, "*.log"))):
            with open(path, errors="replace") as f:
                text += f.read()
        return text

    def heard(self, jid):
        """What that address said, one entry a message."""
        line = re.compile(r"^\d{4}-\d\d-\d\dT\S+ - (\S+): ", re.M)
        who_text = line.split(self.log(jid))[1:]        # who, text, who, text, ...
        return [text.rstrip("\n") for who, text in zip(who_text[::2], who_text[1::2])
                if who != "me"]

    def say(self, jid, line, seconds=30):
        """Type a line into the chat with `jid`; the reply."""
        before = len(self.heard(jid))
        self.type(f"/msg {jid} {line}")
        return self._new(jid, before, lambda text: not is_question(text), f"a reply to '{line}'",
                         seconds)

    def question(self, jid, *words, seconds=30):
        """The latest question of the desk that has all these words."""
        return self._new(jid, 0, lambda text: is_question(text)
                         and all(word in text for word in words), "a question", seconds)

    def _new(self, jid, before, fits, what, seconds):
        try:
            return self.lab.wait(lambda: [t for t in self.heard(jid)[before:] if fits(t)],
                                 f"{what} from {jid}", seconds)[-1]
        except Missing as e:
            raise Missing(f"{e}; the screen shows\n{self.screen()}") from None

    def friend_requests(self):
        """Who asked for the owner's friendship and is shown in the console window."""
        return re.findall(r"Received authorization request from (\S+@\S+)", self.screen())

    def befriended_by(self, seconds=30):
        """Accept the friendship that a thing asks for, and ask for its; its address."""
        self.type("/win 1")
        jid = self.lab.wait(lambda: [j for j in self.friend_requests()
                                     if not j.startswith("desk@")],
                            "a friendship request", seconds)[0]
        self.type(f"/sub allow {jid}")
        self.type(f"/sub request {jid}")
        return jid

    def online(self, jid, seconds=30):
        """Its full address, once the console window shows that it is there."""
        shown = self.sees(rf"{re.escape(jid)} \((\S+)\) is online", seconds)
        return f"{jid}/{shown[1]}"
