# SPDX-License-Identifier: Apache-2.0
"""
kithlab: a small private world for tests and for ./try: a certificate
authority, a real broker, kithd, things, people with foreign XMPP clients.

Everything listens on loopback, lives below one folder, and is stopped by its
own process id.  Nothing here waits for a fixed time: see Lab.wait().
Read next: lab.py, broker.py, service.py, person.py, story.py.
"""
