"""Start the app on this machine only, after a look whether its port is free: `python scripts/serve.py 8501`."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def is_taken(port: int) -> bool:
    """Whether something already answers on this port of this machine."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.settimeout(1)
                if probe.connect_ex((address, port)) == 0:
                    return True
        except OSError:  # this machine has no IPv6
            continue
    return False


def main(arguments: list[str]) -> str:
    """Become the Streamlit server; returns only when that is not possible, with the reason."""
    text = arguments[0] if arguments else "8501"
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        return f"PORT must be a whole number from 1 to 65535, not {text!r}."
    port = int(text)
    if is_taken(port):
        return (
            f"Port {port} is in use: dashlab may be running already. Choose another: make app PORT={port + 1}"
        )
    os.chdir(ROOT)
    # exec, not a child: Ctrl-C and `kill` then reach the server itself.
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
