# SPDX-License-Identifier: Apache-2.0
"""authority: a private certificate authority, made by openssl for one run."""
import os
import subprocess


def _openssl(*argv, cwd):
    subprocess.run(["openssl", *argv], cwd=cwd, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


class Authority:
    _KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    def __init__(self, directory):
        self.dir = directory
        os.makedirs(directory, mode=0o755, exist_ok=True)
        self.cert = os.path.join(directory, "ca.crt")
        if not os.path.exists(self.cert):
            _openssl("req", "-x509", *self._KEY, "-days", "30", "-keyout", "ca.key",
                     "-out", "ca.crt", "-subj", "/CN=kith private CA",
                     "-addext", "basicConstraints=critical,CA:TRUE",
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign", cwd=directory)

    def issue(self, domain, days=30):
        """(certificate, key) for a domain and the names below it."""
        crt, key, csr, ext = (f"{domain}.{end}" for end in ("crt", "key", "csr", "ext"))
        with open(os.path.join(self.dir, ext), "w") as f:
            f.write("basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n"
                    "extendedKeyUsage=serverAuth,clientAuth\n"
                    f"subjectAltName=DNS:{domain},DNS:*.{domain}\n")
        _openssl("req", *self._KEY, "-keyout", key, "-out", csr, "-subj", f"/CN={domain}",
                 cwd=self.dir)
        _openssl("x509", "-req", "-in", csr, "-CA", "ca.crt", "-CAkey", "ca.key",
                 "-CAcreateserial", "-days", str(days), "-out", crt, "-extfile", ext, cwd=self.dir)
        return os.path.join(self.dir, crt), os.path.join(self.dir, key)
