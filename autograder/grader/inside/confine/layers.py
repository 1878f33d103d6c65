"""Which layers of confinement are in force, and what to call them in a report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True)
class Layers:
    """Each is one independent obstacle. The order is that of the name in a report: outermost first."""

    bubblewrap: bool = False  # namespaces: no network, no other process, no file that is not listed
    sandbox_exec: bool = False  # macOS: no network, no writing, no reading of the course's folder
    uid: bool = False  # each worker is a user of its own
    landlock: bool = False  # the kernel refuses to open any file that is not listed
    seccomp: bool = False  # only the system calls that computing needs

    @property
    def name(self) -> str:
        """For people: "bubblewrap + Landlock + seccomp"."""
        titles = {
            "sandbox_exec": "sandbox-exec",
            "uid": "own uid",
            "landlock": "Landlock",
        }
        held = [titles.get(field.name, field.name) for field in fields(self) if getattr(self, field.name)]
        return " + ".join(held) if held else "separate process only"

    def as_dict(self) -> dict[str, bool]:
        return asdict(self)


NONE = Layers()
