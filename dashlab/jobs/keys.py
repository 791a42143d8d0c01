"""Who may talk to the processes that train: who has the keys. A Dask scheduler runs any code it is sent."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dashlab.errors import JobError

if TYPE_CHECKING:
    from distributed.security import Security

CA, CERT, KEY = "DASHLAB_TLS_CA", "DASHLAB_TLS_CERT", "DASHLAB_TLS_KEY"
"""The variables that name the files for a scheduler at `tls://...`."""

_ROLES = ("client", "scheduler", "worker")


@dataclass(frozen=True, slots=True)
class Keys:
    """A certificate and its key as PEM texts, made at a start, known to our processes alone.

    They are handed on over the pipe that a process has as its standard input: a command line, and often an
    environment too, can be read by others.
    """

    certificate: str
    key: str

    @staticmethod
    def fresh() -> "Keys":
        """New ones.

        Raises:
            JobError: the package that makes them is not there.
        """
        from distributed.security import Security

        try:
            made = Security.temporary()  # type: ignore[no-untyped-call]
        except ImportError as error:
            raise JobError(
                "The processes that train talk to each other in secret, and the package that "
                "does it is not there: install cryptography with pip."
            ) from error
        return Keys(certificate=made.tls_ca_file, key=made.tls_client_key)

    def line(self) -> str:
        """Both as one line."""
        return json.dumps([self.certificate, self.key])

    @staticmethod
    def from_line(line: str) -> "Keys":
        """What `line` wrote."""
        certificate, key = json.loads(line)
        return Keys(certificate=certificate, key=key)

    def security(self) -> "Security":
        """What Dask wants: encrypted connections alone, to whom has the same keys."""
        return _security(self.certificate, self.certificate, self.key)


def security_of(address: str) -> "Security | None":
    """What a scheduler elsewhere wants to see: files of ours for `tls://...`, else nothing.

    Raises:
        JobError: the address asks for files, and one is not named or not there.
    """
    if not address.startswith("tls://"):
        return None
    for name in (CA, CERT, KEY):
        if not os.environ.get(name):
            raise JobError(
                f"The scheduler at {address} wants certificates: set {name} to the path of its file."
            )
        if not Path(os.environ[name]).is_file():
            raise JobError(f"{name} names a file that is not there: {os.environ[name]}.")
    return _security(os.environ[CA], os.environ[CERT], os.environ[KEY])


def _security(authority: str, certificate: str, key: str) -> "Security":
    from distributed.security import Security

    own = {f"tls_{role}_cert": certificate for role in _ROLES} | {f"tls_{role}_key": key for role in _ROLES}
    return Security(require_encryption=True, tls_ca_file=authority, **own)  # type: ignore[no-untyped-call]
