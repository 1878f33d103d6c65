"""Other people's software that ours is measured against, in a Python environment of its own."""

import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).resolve().parents[2] / ".venv-peers"


class NotAvailable(RuntimeError):
    """A peer that cannot take part, with the reason in one sentence."""


def peer_python(module: str, *packages: str) -> str:
    """The Python of the peers' environment, in which `module` can be imported; made on first use, ignored by git.

    packages: what pip is asked for where it cannot. Raises: NotAvailable.
    """
    python = PEERS / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True, capture_output=True)
            (PEERS / ".gitignore").write_text("*\n")
        if subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode != 0:
            subprocess.run(
                [python, "-m", "pip", "install", "-q", *packages],
                check=True,
                capture_output=True,
                timeout=1800,
            )
    except (OSError, subprocess.SubprocessError):
        raise NotAvailable(f"{' '.join(packages)} could not be installed on this machine.") from None
    return str(python)
