# SPDX-License-Identifier: Apache-2.0
"""
wire: a cable between a thing and its broker that a story can cut, let hang, or
mend.  It reads nothing of what passes: it is TLS.
"""
import select
import socket
import threading


class Wire:
    """Listens on `port`; each connection goes on to the broker."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs, self.lock = [], threading.Lock()
        self.connections = 0
        self.hangs = self.down = self.closing = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing = True
        self.thread.join(5)
        self.cut()
        self.listener.close()

    def cut(self):
        """Both ends see the connection end, at once and without a goodbye."""
        with self.lock:
            for pair in self.pairs:
                for end in pair:
                    end.close()
            self.pairs = []

    def _accept(self):
        near = self.listener.accept()[0]
        if self.down:
            near.close()
            return
        self.connections += 1
        far = socket.create_connection(("127.0.0.1", self.target))
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pairs.append((near, far))

    def _pass_on(self, pair, source):
        data = b""
        try:
            data = source.recv(65536)
            if data:
                pair[1 - pair.index(source)].sendall(data)
        except OSError:
            pass
        if not data:
            self.pairs.remove(pair)
            for end in pair:
                end.close()

    def _turn(self):
        if self.hangs:
            return
        ends = {end: pair for pair in self.pairs for end in pair}
        for end in select.select([self.listener, *ends], [], [], 0)[0]:
            if end is self.listener:
                self._accept()
            elif ends[end] in self.pairs:
                self._pass_on(ends[end], end)

    def _run(self):
        while not self.closing:
            with self.lock:
                ends = [] if self.hangs else [e for pair in self.pairs for e in pair]
            try:
                select.select([self.listener, *ends], [], [], 0.01)
                with self.lock:
                    self._turn()
            except (OSError, ValueError):
                continue        # cut meanwhile
