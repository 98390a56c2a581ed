# SPDX-License-Identifier: Apache-2.0
"""
The operator's hand on a running kithd: hold and release, lists in and out,
classes approved beforehand, a backup and the way back.
"""
import csv
import io
import json
import os
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/support")

# pylint: disable=wrong-import-position
from kithlab.desk import Owner
from kithlab.dialect import WaherThing, element
from kithlab.person import payload
from kithlab.service import program
from kithlab.story import Story, contains, same

CAN_READ = "<canRead xmlns='urn:nf:iot:prov:d:1.0' jid='{}' momentary='true'/>"


def status(kithd, *words):
    """(exit status, everything kithctl said)"""
    done = subprocess.run([program("kithctl"), "-s", kithd.socket, *words], text=True,
                          capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


def meta(serial, key="00112233445566778899aabbccddeeff"):
    return (f"<str name='SN' value='{serial}'/><str name='MAN' value='acme'/>"
            f"<str name='MODEL' value='L1'/><str name='KEY' value='{key}{serial}'/>")


def registers(home, name, serial):
    thing = WaherThing(home.lab, home.broker, name, home.jid).login()
    thing.answer = thing.ask(home.jid, "set", element("register", thing.gen.disco, meta(serial)))
    return thing


def claim(owner, thing, serial):
    return owner.ask(owner.home.jid, "set", element("mine", thing.gen.disco, meta(serial)))


def holding(story, home, owner):
    thing = registers(home, "held", "501")
    with story.check("what the operator holds cannot be claimed; released it can"):
        same(status(home.kithd, "hold", thing.me)[0], 0)
        same(claim(owner, thing, "501").get("type"), "error")
        same(status(home.kithd, "release", thing.me)[0], 0)
        same(claim(owner, thing, "501").get("type"), "result")
    with story.check("the operator takes a thing from its owner, who is told"):
        same(status(home.kithd, "disown", thing.me)[0], 0)
        contains(owner.hear(home.desk, "that it was taken", words=("operator",)), "taken")
        same(status(home.kithd, "disown", thing.me)[0], 2)
    thing.logout()


def approving(story, home, owner):
    with story.check("a thing of an approved class is its owner's when it registers"):
        same(status(home.kithd, "approve", "add", "lamps", "--man", "acme", "--model", "L1",
                    "--sn-from", "600", "--sn-to", "699", "--owner", owner.me, "--cap", "5",
                    "--until", "2099-12-31")[0], 0)
        thing = registers(home, "approved", "650")
        same(payload(thing.answer).tag.split("}")[1], "claimed")
        contains(owner.hear(home.desk, "that it is his", words=("approved",)), "650")
        contains(home.kithd.ctl("approve", "list"), "used=1 of 5")
        thing.logout()
    with story.check("a thing outside the range is nobody's"):
        thing = registers(home, "outside", "700")
        assert payload(thing.answer) is None or "claimed" not in payload(thing.answer).tag
        thing.logout()


def listing(story, home, owner):
    lab = home.lab
    path = lab.write("list.csv",
                     "jid,owner,name,SN,num:V,note\r\n"
                     f"imp1@{home.domain},{owner.me},first,801,1.5,\"a, \"\"b\"\"\"\r\n"
                     f"imp2@{home.domain},,,802,,\r\n"
                     f"imp3@elsewhere.example,,,803,,\r\n")
    with story.check("a trial says what would be, and does nothing"):
        code, text = status(home.kithd, "import", path, "--dry-run")
        same(code, 1)
        contains(text, "list.csv:2: new", "list.csv:4: error", "2 rows would be taken")
        same(status(home.kithd, "show", f"imp1@{home.domain}")[0], 2)
    with story.check("a list comes in, with a report of each line"):
        code, text = status(home.kithd, "import", path)
        same(code, 1)
        report = open(path + ".report", encoding="utf-8").read()
        contains(report, "2\tok\tnew", "3\tok\tnew", "4\terror\t")
        contains(owner.desk("things"), "first")
    with story.check("resumed, it does only what was not done"):
        code, text = status(home.kithd, "import", path, "--resume")
        contains(text, "0 rows taken, 1 with errors, 2 done before")
    with story.check("what goes out as CSV and JSON is what came in"):
        rows = list(csv.DictReader(io.StringIO(home.kithd.ctl("export", "things", "--csv"))))
        row = [r for r in rows if r["jid"] == f"imp1@{home.domain}"][0]
        same((row["owner"], row["name"], row["str:SN"], row["num:V"], row["str:note"]),
             (owner.me, "first", "801", "1.5", 'a, "b"'))
        rows = json.loads(home.kithd.ctl("export", "things", "--json"))
        same([r["str:note"] for r in rows if r["jid"] == f"imp1@{home.domain}"], ['a, "b"'])
        with open(lab.path("again.json"), "w", encoding="utf-8") as f:
            json.dump([r for r in rows if r.get("owner") == owner.me], f)
        code, text = status(home.kithd, "import", lab.path("again.json"), "--dry-run")
        assert "changed" not in text and ": new" not in text, text


def going_back(story, home, owner, bob):
    kithd, lab = home.kithd, home.lab
    copy, key = lab.path("copy"), lab.path("apart", "copy.key")
    os.makedirs(lab.path("apart"))
    thing = registers(home, "revoked", "901")
    claim(owner, thing, "901")
    thing.pushed("claimed")

    def may():
        answer = payload(thing.ask(home.jid, "get", CAN_READ.format(bob.me)))
        return answer.get("result")

    with story.step("somebody may read, and a backup is made while kithd runs"):
        owner.desk(f"allow {bob.me} to read of 901")
        lab.retry(lambda: may() == "true", "the right to read")
        same(status(kithd, "backup", copy, "--key", key)[0], 0)
        same([oct(os.stat(p).st_mode & 0o777) for p in (copy, key)], ["0o600"] * 2)
        same(status(kithd, "backup", copy)[0], 2)
    with story.step("the right is taken back, the store is lost, the backup comes back"):
        owner.desk(f"revoke {bob.me}")
        same(may(), "false")
        done = subprocess.run([kithd.program, "-f", kithd.settings_file, "restore", copy],
                              capture_output=True, text=True, check=False)
        same(done.returncode, 1)        # it runs, and there is a store
        kithd.stop()
        done = subprocess.run([kithd.program, "-f", kithd.settings_file, "restore", copy, "key",
                               key, "force"], capture_output=True, text=True, check=False)
        same((done.returncode, done.stderr.count("error")), (0, 0))
        contains(done.stdout, "restored:", "former store")
        kithd.start()
    with story.check("the right that was taken back is not granted by the backup"):
        contains(owner.hear(home.desk, "that it was set back", words=("backup",)), "rules")
        lab.retry(lambda: claim(owner, thing, "901").get("type") == "result", "kithd again")
        same(may(), "false")
        contains(owner.desk("rules"), "ask about")
    with story.check("the owner's new word grants it again"):
        owner.desk(f"allow {bob.me} to read of 901")
        lab.retry(lambda: may() == "true", "the right to read")


def main():
    with Story("the operator's hand") as story:
        home = story.home()
        owner, bob = Owner(home, "owner").login(), Owner(home, "bob").login()
        with story.check("kithd has given up what it does not need, or says why not"):
            contains(home.kithd.process.log(), "sandbox: ")
        with story.check("shut in, it speaks its owner's language and takes it back"):
            contains(owner.desk("language de"), "Deutsch")
            contains(owner.desk("rules"), "Regel")
            contains(owner.desk("language en"), "English")
        holding(story, home, owner)
        approving(story, home, owner)
        listing(story, home, owner)
        going_back(story, home, owner, bob)


main()
