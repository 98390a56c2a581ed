# SPDX-License-Identifier: Apache-2.0
"""
The rules of the registry and the desk as outsiders see them, one named case a
rule, with golden stanzas: tests/scenario/cases/*.case, whose form is told in
tests/support/kithlab/cases.py.

CASES=name plays one file, CASE=words those cases whose title has these words.
"""
import glob
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE) + "/support")

# pylint: disable=wrong-import-position
from kithlab.cases import Stage
from kithlab.story import Story


def main():
    with Story("cases with golden stanzas") as story:
        story.lab.write("kithd.policy", "end\n")
        home = story.home(provisioning={"policy_file": "kithd.policy"})
        for path in sorted(glob.glob(HERE + "/cases/*.case")):
            name = os.path.splitext(os.path.basename(path))[0]
            if os.environ.get("CASES", name) != name:
                continue
            stage = Stage(home, name)
            for play in stage.plays(path, os.environ.get("CASE", "")):
                with story.check(f"{name}: {play.title()}"):
                    try:
                        play.run()
                    finally:
                        play.close()
            stage.close()


main()
