# SPDX-License-Identifier: Apache-2.0
"""
reader: somebody who reads and controls things with slixmpp's own XEP-0323 and
XEP-0325 plugins, which are not ours and speak the XEP's generation.
"""
from .lab import Missing
from .person import CLIENT, Person


class Reader(Person):
    def __init__(self, lab, broker, name, **more):
        super().__init__(lab, broker, name, plugins=("xep_0323", "xep_0325"), **more)

    def read(self, full_jid, fields=None, seconds=15):
        """{field: value}; empty when the thing refuses or says nothing is allowed."""
        got, ended = {}, []

        def callback(from_jid, result, nodeId=None, timestamp=None, fields=None, error_msg=None):
            del from_jid, nodeId, timestamp, error_msg
            for field in fields or ():
                got[field["name"]] = field["value"]
            if result in ("done", "rejected", "failure"):
                ended.append(result)
        self._forget_refusals(full_jid)
        self["xep_0323"].request_data(self.full, full_jid, callback, fields=fields,
                                      flags={"momentary": "true"})
        self._until(ended, full_jid, seconds)
        return got

    def history(self, full_jid, fields=None, seconds=15):
        """[(time, value)] of what was measured before."""
        got, ended = [], []

        def callback(from_jid, result, nodeId=None, timestamp=None, fields=None, error_msg=None):
            del from_jid, nodeId, error_msg
            got.extend((timestamp, field["value"]) for field in fields or ())
            if result in ("done", "rejected", "failure"):
                ended.append(result)
        self._forget_refusals(full_jid)
        self["xep_0323"].request_data(self.full, full_jid, callback, fields=fields,
                                      flags={"historical": "true"})
        self._until(ended, full_jid, seconds)
        return got

    def control(self, full_jid, name, kind, value, seconds=15):
        """'OK' or the refusal."""
        ended = []

        def callback(from_jid, result, nodeIds=None, fields=None, error_msg=None):
            del from_jid, nodeIds, fields, error_msg
            ended.append(result)
        self._forget_refusals(full_jid)
        self["xep_0325"].set_request(self.full, full_jid, callback,
                                     fields=[(name, kind, value)])
        self._until(ended, full_jid, seconds)
        return ended[0]

    @staticmethod
    def _is_refusal(stanza, full_jid):
        return (stanza.tag == CLIENT + "iq" and stanza.get("type") == "error"
                and stanza.get("from") == full_jid)

    def _forget_refusals(self, full_jid):
        while self.take(lambda s: self._is_refusal(s, full_jid)) is not None:
            pass

    def _until(self, ended, full_jid, seconds):
        """The plugin's callback, or an error answer, which the plugins do not look at."""
        def look():
            if not ended and self.take(lambda s: self._is_refusal(s, full_jid)) is not None:
                ended.append("refused")
            return ended
        try:
            self.lab.wait(look, f"{full_jid} to answer {self.me}", seconds)
        except Missing as e:
            raise Missing(f"{e}; silence is no refusal") from None
