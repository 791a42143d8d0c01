"""Make .venv and keep it in step with the requirements: `python3 scripts/bootstrap.py app` or `... dev`.

It needs nothing but the standard library, and its syntax is one that an old Python reads too, so that
someone whose Python is too old is told so instead of meeting a SyntaxError. What was installed is
remembered as a hash of the requirements beside it: the next call with the same requirements does nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 10)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11", "python3.10")
ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = {"app": "requirements.txt", "dev": "requirements-dev.txt"}
UV = "uv==0.13.9"


def too_old(version: "tuple[int, ...]") -> "str | None":
    """The sentence that says why this Python will not do, or None when it will."""
    if tuple(version[:2]) >= OLDEST:
        return None
    newer = [name for name in NEWER if shutil.which(name)]
    remedy = (
        f"You have {newer[0]}: make app PYTHON={newer[0]}"
        if newer
        else "Install a newer one (macOS: brew install python@3.12) and name it: make app PYTHON=python3.12"
    )
    return f"dashlab needs Python 3.10 or newer, and this is Python {version[0]}.{version[1]}. {remedy}"


def missing_venv() -> "str | None":
    """The sentence that says what to install, or None when this Python can make a virtual environment."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return (
            "This Python cannot make a virtual environment. "
            "On Debian and Ubuntu: sudo apt install python3-venv, then try again."
        )
    return None


def venv_python(venv: Path) -> Path:
    """Where the interpreter of the virtual environment lies."""
    return venv / "bin" / "python"


def fingerprint(kind: str, interpreter: str) -> str:
    """What an environment of this kind is made from: its requirements and its Python."""
    text = (ROOT / REQUIREMENTS[kind]).read_bytes()
    return hashlib.sha256(text + interpreter.encode()).hexdigest()


def describe(python: Path) -> "str | None":
    """Version and home of an environment's interpreter, or None when it is of no use.

    That is: it does not start (the Python it came from was removed), is too old, or has no pip (making the
    environment was interrupted).
    """
    code = (
        "import sys, importlib.util as u;"
        "usable = sys.version_info[:2] >= (3, 10) and u.find_spec('pip') is not None;"
        "print(usable, sys.version, sys.base_prefix)"
    )
    try:
        answer = subprocess.run([str(python), "-c", code], stdout=subprocess.PIPE, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    usable, _, description = answer.stdout.decode().strip().partition(" ")
    return description if usable == "True" else None


def make_venv(venv: Path) -> None:
    """Make the virtual environment anew; what stood there is replaced."""
    import venv as builder

    print(f"Making {venv.name} with Python {sys.version.split()[0]}", flush=True)
    builder.EnvBuilder(clear=True, symlinks=True, with_pip=True).create(str(venv))


def install(kind: str, python: Path) -> None:
    """Install the requirements of a kind into the environment of this interpreter."""
    print(
        f"Installing {REQUIREMENTS[kind]}: the first time some minutes, and up to 6 GB with a GPU's libraries"
    )
    sys.stdout.flush()
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    wanted = ["-r", str(ROOT / REQUIREMENTS[kind])]
    # uv fetches, unpacks and compiles with all processors at once, and takes a third of pip's time. It knows
    # nothing of pip's own settings, a mirror for one: where it fails, or cannot be had, pip does the work.
    uv = [str(python), "-m", "uv", "pip", "install", "--python", str(python), "--compile-bytecode"]
    if subprocess.call([*pip, "--quiet", UV]) != 0 or subprocess.call([*uv, *wanted]) != 0:
        print("uv could not install them: pip tries", flush=True)
        subprocess.run([*pip, *wanted], check=True)


def ensure(kind: str, venv: Path) -> "str | None":
    """Bring the environment in step; returns the sentence that says why it cannot be, or None."""
    python = venv_python(venv)
    interpreter = describe(python)
    if interpreter is None:
        problem = too_old(sys.version_info[:3]) or missing_venv()
        if problem:
            return problem
        make_venv(venv)
        interpreter = describe(python)
    stamp = venv / f".dashlab-{kind}"
    wanted = fingerprint(kind, interpreter or "")
    if stamp.exists() and stamp.read_text() == wanted:
        return None
    install(kind, python)
    stamp.write_text(wanted)
    if kind == "dev":  # its requirements contain those of the app
        (venv / ".dashlab-app").write_text(fingerprint("app", interpreter or ""))
    return None


def main(arguments: "list[str]") -> "int | str":
    """Bring the environment in step; returns an exit status."""
    if len(arguments) != 1 or arguments[0] not in REQUIREMENTS:
        return "usage: python3 scripts/bootstrap.py app|dev"
    try:
        return ensure(arguments[0], ROOT / os.environ.get("VENV", ".venv")) or 0
    except subprocess.CalledProcessError as error:
        return (
            f"Installing failed (pip ended with {error.returncode}; its last lines say why). "
            "Without a network the packages cannot be fetched. Try again with the same command."
        )
    except KeyboardInterrupt:
        return "Stopped. The next call goes on from here."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
