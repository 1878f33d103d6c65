"""Make .venv with everything in requirements.txt: `python3 autograder/setup.py`, which is what `make setup` runs.

It uses uv if that is installed, and pip otherwise. Nothing is installed yet, so this needs Python's own library only,
and Python 3.6 must be able to read it, to be told in a sentence that it is too old.

.venv/.ready is a copy of the requirements.txt that .venv was made from: contents are compared, as every file of a
handout is of the year 2000. On the way it is called .venv/.making: what was stopped is made anew, from what was
downloaded before.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

OLDEST, NEWEST = (3, 11), (3, 13)
VENV, NEEDED = ".venv", "requirements.txt"
READY, MAKING = os.path.join(VENV, ".ready"), os.path.join(VENV, ".making")
PYTHON = (
    os.path.join(VENV, "Scripts", "python.exe") if os.name == "nt" else os.path.join(VENV, "bin", "python")
)
NAME_ONE = "name a Python 3.11, 3.12 or 3.13, as in: make setup PYTHON=python3.12"
AGAIN = "the same command goes on"
UV_NAMES = {  # what uv calls pip's settings
    "index-url": "UV_INDEX_URL",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "cert": "SSL_CERT_FILE",
}


class Stopped(Exception):
    """Setting up cannot go on; the sentence says why."""


def main() -> int:
    """The command line. Exit codes: 0 ready, 2 a sentence says what is missing, 130 Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python3 autograder/setup.py", description="Make .venv with everything."
    )
    parser.add_argument("--pip", action="store_true", help="install with pip, even if uv is installed")
    asked = parser.parse_args()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
    if is_ready():
        print(".venv is ready.")
        return 0
    started = time.time()
    try:
        uv = None if asked.pip else shutil.which("uv")
        refuse_other_pythons(needs_pip=uv is None)
        make_venv(uv)
        try:
            install(uv, started)
        except Stopped:  # an installer that gave up by itself left nothing half done
            os.remove(MAKING)
            raise
        os.replace(MAKING, READY)
    except Stopped as problem:
        print(problem, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename or VENV}: {error.strerror or error}; {AGAIN}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"stopped: {AGAIN}, with what was downloaded so far", file=sys.stderr)
        return 130
    check = "make check" if "MAKELEVEL" in os.environ else f"{PYTHON} -m autograder check"
    print(f"Ready after {lasted(started)}. Next: {check}")
    return 0


def is_ready() -> bool:
    """Whether .venv works and was made from requirements.txt as it is now."""
    if os.path.exists(MAKING) or not os.path.exists(READY) or not works(PYTHON):
        return False
    with open(NEEDED, "rb") as needed, open(READY, "rb") as ready:
        return needed.read() == ready.read()


def works(python: str) -> bool:
    """Whether there is a Python of the right version under that path."""
    code = f"import sys; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
    return os.path.exists(python) and silent([python, "-c", code])


def refuse_other_pythons(needs_pip: bool) -> None:
    """Raises Stopped if this Python is of the wrong version or cannot make virtual environments."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise Stopped(f"'{sys.executable}' is not a Python of the right version: {NAME_ONE}")
    if needs_pip and not silent([sys.executable, "-c", "import venv, ensurepip"]):
        raise Stopped(
            f"'{sys.executable}' cannot make virtual environments: on Debian or Ubuntu, apt-get install python3-venv"
        )


def make_venv(uv: "str | None") -> None:
    """An empty .venv, unless there is one that was finished, or somebody's own. Marks it as being made."""
    whole = not os.path.exists(MAKING) and works(PYTHON) and silent([PYTHON, "-m", "pip", "--version"])
    if not whole:
        if os.path.islink(VENV):
            raise Stopped(".venv is a link to a folder that is not ready: delete the link")
        if os.path.isdir(VENV):
            shutil.rmtree(VENV)
        os.makedirs(VENV)
        shutil.copy(NEEDED, MAKING)  # first, so that a half-made .venv is never taken for a whole one
        by_uv = [uv, "venv", "--quiet", "--seed", "--allow-existing", "--python", sys.executable, VENV]
        run(
            by_uv if uv else [sys.executable, "-m", "venv", VENV],
            ".venv could not be made (the reason stands above)",
        )
    shutil.copy(NEEDED, MAKING)


def install(uv: "str | None", started: float) -> None:
    """Install requirements.txt, and show how far it is."""
    print(
        f"Installing into .venv with {'uv' if uv else 'pip'}; the first time this takes a few minutes.",
        flush=True,
    )
    failed = f"installing failed (the reason stands above): {AGAIN}"
    if uv:  # it shows its own progress
        run([uv, "pip", "install", "--python", PYTHON, "-r", NEEDED], failed, {**os.environ, **uv_settings()})
        return
    line = Line(started)
    try:
        command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
        run([*command, "-r", NEEDED], failed, on_line=line.show)
    finally:
        line.end()


def uv_settings() -> dict:
    """pip's own settings of where packages come from, as uv reads them. What is set for uv itself goes first."""
    listed = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"], stdout=subprocess.PIPE, text=True, check=False
    )
    found = {}
    for line in listed.stdout.splitlines():  # global.index-url='…', :env:.index-url='…'
        name, _, value = line.partition("=")
        found[name.rsplit(".", 1)[-1]] = value.strip("'\"").replace("\\n", " ")
    settings = {UV_NAMES[name]: value for name, value in found.items() if name in UV_NAMES}
    if (
        "UV_EXTRA_INDEX_URL" in settings
    ):  # pip looks in all of them for the best version; uv would stop at the first
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return {name: value for name, value in settings.items() if name not in os.environ}


class Line:
    """What pip is doing, and for how long, as one line that moves: `1:23  downloading torch (203 MB), 17 packages`.

    In a file or a pipe, it is a line for each package that is downloaded.
    """

    def __init__(self, started: float) -> None:
        self.started, self.packages, self.doing = started, 0, "starting"
        self.moves, self.over = sys.stdout.isatty(), threading.Event()
        self.clock = threading.Thread(target=self._tick, daemon=True)
        self.clock.start()

    def show(self, said: str) -> None:
        """Take in one of pip's lines."""
        found = re.match(
            r"\s*(Collecting|Downloading|Building|Installing collected packages)\b:? ?(.*)", said
        )
        if not found:
            return
        verb, what = found.groups()
        if verb == "Collecting":
            self.packages += 1
        self.doing = {
            "Collecting": f"looking for {what.split(' (from')[0]}",
            "Downloading": f"downloading {what.rsplit('/', 1)[-1]}",
            "Building": f"building {what}",
        }.get(verb, f"unpacking {what.count(',') + 1} packages")
        if not self.moves and verb != "Collecting":
            print(f"{lasted(self.started)}  {self.doing}", flush=True)

    def end(self) -> None:
        """Leave the terminal as it was."""
        self.over.set()
        self.clock.join()
        if self.moves:
            print("\r\033[K", end="", flush=True)

    def _tick(self) -> None:
        while self.moves and not self.over.wait(0.5):
            text = f"{lasted(self.started)}  {self.doing}, {self.packages} packages so far"
            print("\r\033[K" + text[: shutil.get_terminal_size().columns - 1], end="", flush=True)


def run(
    command: list,
    failed: str,
    environment: "dict | None" = None,
    on_line: "Callable[[str], None] | None" = None,
) -> None:
    """Run a command; what it prints is shown, or goes to `on_line`. Raises Stopped with the sentence if it fails.

    It is not reached by Ctrl-C, which would make it print what it was doing: it is ended here.
    """
    apart = (
        {"creationflags": 0x200} if os.name == "nt" else {"start_new_session": True}
    )  # a process group of its own
    pipe = subprocess.PIPE if on_line else None
    process = subprocess.Popen(command, stdout=pipe, env=environment, text=True, errors="replace", **apart)
    try:
        if on_line and process.stdout:
            for line in process.stdout:
                on_line(line)
        code = process.wait()
    except BaseException:
        process.kill() if os.name == "nt" else os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if code != 0:
        raise Stopped(failed)


def silent(command: list) -> bool:
    """Whether a command succeeds. Nothing of it is shown."""
    try:
        return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def lasted(started: float) -> str:
    """The time since then, minutes and seconds."""
    minutes, seconds = divmod(int(time.time() - started), 60)
    return f"{minutes}:{seconds:02d}"


if __name__ == "__main__":
    sys.exit(main())
