"""Start the app, after a look whether its port is free: `python scripts/serve.py 8501`.

What a first visitor would wait for is imported and started meanwhile.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path
from typing import NoReturn

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


def problem(text: str) -> str | None:
    """The sentence that says why the app cannot be served on this port, or None when it can."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        return f"PORT must be a whole number from 1 to 65535, not {text!r}."
    if is_taken(int(text)):
        other = int(text) % 65535 + 1
        return f"Port {text} is in use; dashlab may be running already. Choose another: make app PORT={other}"
    return None


def warm_up() -> None:
    """Import what the pages import, and start the processes that train and compute."""
    from ui.frame.warm import warm_up as start  # once the server itself is imported: two at once take turns

    start()


def serve(port: str) -> NoReturn:
    """Be the Streamlit server, in this process, so that Ctrl-C and `kill` reach it."""
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    from streamlit.web import cli

    threading.Thread(target=warm_up, name="dashlab-warm-up", daemon=True).start()
    sys.argv = ["streamlit", "run", "app.py", f"--server.port={port}"]
    sys.exit(cli.main())


def main(arguments: list[str]) -> NoReturn:
    """Serve on the port that is named first, or 8501; ends with a sentence where that is not possible."""
    port = arguments[0] if arguments else "8501"
    reason = problem(port)
    if reason:
        sys.exit(reason)
    serve(port)


if __name__ == "__main__":
    main(sys.argv[1:])
