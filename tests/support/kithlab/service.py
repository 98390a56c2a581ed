# SPDX-License-Identifier: Apache-2.0
"""
service: kithd and kith-thing as an operator would run them.

Programs are found in the build folder ($top_builddir) or below an installed
prefix ($KITH_PREFIX).
"""
import json
import os
import re
import subprocess

from .lab import Missing

_PLACES = ("kithd", "thing", "sbin", "bin", ".", "tests/scenario")


def program(name):
    for top in filter(None, (os.environ.get("KITH_PREFIX"), os.environ.get("top_builddir"), ".")):
        for place in _PLACES:
            path = os.path.abspath(os.path.join(top, place, name))
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    raise Missing(f"no program {name}: build first, or set top_builddir or KITH_PREFIX")


def ini(sections):
    """{section: {key: value}} as settings text."""
    lines = []
    for section, keys in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}" for key, value in keys.items()]
        lines.append("")
    return "\n".join(lines)


def languages():
    """The folder with the texts of this build in other languages; None: the installed ones."""
    folder = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "po"))
    return folder if os.path.isdir(folder) and "KITH_PREFIX" not in os.environ else None


class _Daemon:
    def __init__(self, lab, name, settings_file):
        self.lab, self.name, self.settings_file = lab, name, settings_file
        self.process = None

    def start(self, ready=True):
        self.process = self.lab.start(self.name, [self.program, "-f", self.settings_file])
        if ready:
            self.wait_log(r"\bready\b")
        return self

    def wait_log(self, pattern, seconds=30):
        """The first line of this start's log that matches."""
        def look():
            if not self.process.running():
                raise Missing(f"{self.name} ended with status {self.process.popen.returncode}:\n"
                              + self.process.log()[-3000:])
            return re.search(pattern, self.process.log(), re.M)
        return self.lab.wait(look, f"{self.name} to log /{pattern}/", seconds)

    def stop(self):
        return self.process.stop()

    def kill(self):
        return self.process.kill()

    def restart(self):
        self.stop()
        return self.start()


class Kithd(_Daemon):
    def __init__(self, lab, broker, name="kithd", **more):
        self.program = program("kithd")
        self.jid = broker.component_jid
        self.desk = f"desk@{self.jid}"
        self.socket = lab.path(name + ".sock")
        secret = lab.write(name + ".secret", broker.secret + "\n")
        settings = {
            "component": {"jid": self.jid, "server": f"127.0.0.1:{broker.component}",
                          "secret_file": secret},
            "store": {"url": "sqlite:" + lab.path(name + ".db")},
            "control": {"socket": self.socket},
            # A story asks more in a minute than anybody in an hour.
            "limits": {"prompts": "10000"},
        }
        if languages():
            settings["daemon"] = {"languages": languages()}
        for section, keys in more.items():
            settings.setdefault(section, {}).update(keys)
        super().__init__(lab, name, lab.write(name + ".conf", ini(settings)))

    def ctl(self, *words, check=True):
        """What kithctl prints."""
        done = subprocess.run([program("kithctl"), "-s", self.socket, *words], text=True,
                              capture_output=True, timeout=30, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise Missing(f"kithctl {' '.join(words)}: {done.returncode} {done.stderr}")
        return done.stdout

    def stats(self):
        """{counter: number}"""
        return {name: int(value) for name, value in
                re.findall(r"^(\w+)[ \t=]+(\d+)", self.ctl("stats"), re.M)}

    def json(self, *words):
        return json.loads(self.ctl("--json", *words))


class Thing(_Daemon):
    """
    A lamp with a thermometer by default; `fields` and `controls` are
    {name: {key: value}} as in the settings file.
    """
    FIELDS = {"temperature": {"file": "{dir}/temperature", "type": "numeric", "unit": "C"},
              "load": {"file": "/proc/loadavg", "pattern": "^([0-9.]+)", "type": "numeric"},
              "led": {"sim": "memory", "type": "boolean"}}
    CONTROLS = {"led": {"sim": "memory", "type": "boolean"}}

    def __init__(self, lab, broker, name="lamp", serial=None, fields=None, controls=None,
                 model="Lamp", tags=None, needs=None, **thing):
        self.program = program("kith-thing")
        self.state = lab.path(name + ".state")
        self.serial = serial or lab.secret()[:12]
        settings = {
            "thing": {"state": self.state, "domain": broker.domain,
                      "server": f"127.0.0.1:{broker.c2s}", "ca_file": broker.ca, **thing},
            "tags": {"SN": self.serial, "MAN": "kith.example", "MODEL": model, **(tags or {})},
            "num_tags": {"V": "1.2"},
        }
        if needs:
            settings["needs"] = needs
        if languages():
            settings["thing"].setdefault("languages", languages())
        lab.write("temperature", "21.5\n", 0o644)
        for kind, bound in (("field", fields or self.FIELDS),
                            ("control", controls or self.CONTROLS)):
            for what, keys in bound.items():
                settings[f"{kind} {what}"] = {k: str(v).replace("{dir}", lab.dir)
                                              for k, v in keys.items()}
        super().__init__(lab, name, lab.write(name + ".conf", ini(settings)))

    def uri(self, seconds=30):
        """The claim URI of this start, from stdout (a line of its own)."""
        def look():
            found = re.findall(r"^iotdisco:\S+", self.process.output(), re.M)
            return found and found[-1]
        return self.lab.wait(look, f"{self.name}'s claim URI", seconds)
