"""The prediction of an experiment (Part 9): copied from answers.toml once, before the first run, with the time.

Each run's folder notes when the run began and ended, and the hash of the prediction that stood then.
"""

import hashlib
import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from envs.errors import UserMistake

from .kit.files import write_json

PREDICTED = ("prediction", "because")  # what is frozen


def predicted(answers: Path, name: str, spec: dict) -> dict[str, str]:
    """The prediction in answers.toml. Raises: UserMistake if it is not there yet."""
    try:
        table = tomllib.loads(answers.read_text(encoding="utf-8-sig")).get(name, {})
    except FileNotFoundError:
        raise UserMistake(f"there is no {answers}: take it from your handout again") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserMistake(f"{answers} is no TOML: {error}") from error
    found = {key: str(table.get(key, "")).strip() if isinstance(table, dict) else "" for key in PREDICTED}
    if found["prediction"] not in spec["choices"]:
        listed = ", ".join(f'"{choice}"' for choice in spec["choices"])
        raise UserMistake(
            f"predict before you run: in {answers}, under [{name}], set prediction to one of {listed}, and say why"
        )
    if len(found["because"].split()) < 5:
        raise UserMistake(f"say in {answers}, under [{name}], why you expect that: because = a sentence")
    return found


def freeze(path: Path, answers: Path, name: str, spec: dict) -> dict[str, str]:
    """The prediction as it stood before the first run: written once, and read ever after."""
    if path.exists():
        frozen: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        print(f"your prediction of {frozen['time']} stands: {frozen['prediction']}")
        return frozen
    frozen = {"time": now()} | predicted(answers, name, spec)
    write_json(path, frozen)
    print(f"your prediction is frozen: {frozen['prediction']} ({path})")
    return frozen


def begin(folder: Path, frozen: dict[str, str]) -> None:
    """Note in a run's folder when it began, and which prediction stood then; nothing if that is noted already."""
    path = folder / "began.json"
    if not path.exists():
        digest = hashlib.sha256(json.dumps(frozen, sort_keys=True).encode()).hexdigest()
        write_json(path, {"began": now(), "prediction_sha256": digest})


def now() -> str:
    """The time in UTC, as the logs hold it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def end(folder: Path) -> None:
    """Note when a run ended, once."""
    path = folder / "began.json"
    noted = json.loads(path.read_text(encoding="utf-8"))
    if "ended" not in noted:
        write_json(path, noted | {"ended": now()})
