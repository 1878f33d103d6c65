"""The submission's side of a call: find the function, give it real tensors and generators, send back plain data.

The same object answers in the student's own process (`direct.py`) and in the separate one (`worker.py`), so a check
sees the same values either way. Nothing here is trusted by the grader: it may run in a process the submission owns.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import numpy as np
from msgspec.structs import replace

from autograder.grader.inside import answers, values
from autograder.grader.inside.answers import Kind, Problem, Returned
from autograder.grader.inside.unchanged import Arguments, written_to, wrote_into_read_only
from autograder.grader.inside.values import FunctionRef, HandleRef, Rng, Tensor, TorchRng, Unusable
from envs.errors import one_line


class _NoName(Exception):
    """The module exists, the function does not."""


class NoSuchFile(Exception):
    """Raised by `load`: the submission has no file for this module."""


class Endpoint:
    """Answers requests about one submission.

    `load(name)` imports one of its modules; `folder` is where its files lie (to name file and line of an error);
    `on_error` is told each exception of the student's code (a debugger can look at it).
    """

    def __init__(
        self,
        load: Callable[[str], ModuleType],
        folder: Path,
        on_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._load = load
        self._folder = folder
        self._on_error = on_error
        self._owned: dict[str, bool] = {}
        self._modules: dict[str, ModuleType] = {}
        self._objects: list[Any] = []
        # Arguments are read-only on purpose, and torch may read them.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writ")

    def answer(self, message: bytes) -> bytes:
        """One request in, one answer out. Raises only what must end the process (Ctrl-C, the time limit)."""
        return answers.encode(self._try(lambda: self._carry_out(values.decode(message, self._revive))))

    def _try(self, step: Callable[[], Returned | Problem]) -> Returned | Problem:
        try:
            return step()
        except _NoName as error:
            return Problem("no name", text=one_line(str(error)))
        except (Exception, SystemExit) as error:
            if self._on_error is not None:
                self._on_error(error)
            return self._explain(error)

    def _explain(self, error: BaseException) -> Problem:
        text = _text(error)
        if isinstance(error, NotImplementedError) and text.startswith("TODO("):
            return Problem("not attempted", text=one_line(text))
        kind: Kind = "raised"
        frame, line = self._where(error)
        file = Path(frame.f_code.co_filename).name if frame else ""
        if frame and wrote_into_read_only(error, text):
            kind, text = "read-only", written_to(frame, line)
        if isinstance(error, SyntaxError) and error.filename and self._own(error.filename):
            text, file, line = str(error.msg), Path(error.filename).name, error.lineno or 0
        return Problem(
            kind,
            text=one_line(text, answers.MAX_TEXT),
            type_name=one_line(type(error).__name__, answers.MAX_NAME),
            file=one_line(file, answers.MAX_NAME),
            line=min(line, answers.MAX_PLACE),
        )

    def _where(self, error: BaseException) -> tuple[FrameType | None, int]:
        """The innermost frame that lies in the submission, and the line there; None if there is none."""
        frames = [f for f in traceback.walk_tb(error.__traceback__) if self._own(f[0].f_code.co_filename)]
        return frames[-1] if frames else (None, 0)

    def _own(self, filename: str) -> bool:
        if filename not in self._owned:  # a RecursionError asks for the same file a thousand times
            folder = os.path.dirname(os.path.realpath(filename))
            # Directly in it: not the kit's files.
            self._owned[filename] = folder == os.path.realpath(self._folder)
        return self._owned[filename]

    # --- requests ---

    def _carry_out(self, request: Any) -> Returned | Problem:
        module_name = request.get("module")
        if module_name is not None and module_name not in self._modules:
            if problem := self._import(module_name):
                return problem
        target = self._target(request)
        if request["op"] == "read":
            return self._returned(target)
        args, kwargs = request["args"], request["kwargs"]
        arguments = Arguments(args, kwargs)
        if request["op"] == "value_and_grad":
            from autograder.grader.inside.gradients import value_and_grad

            value = value_and_grad(target, args, kwargs, request["wrt"])
        else:
            value = target(*args, **kwargs)
        if edited := arguments.edited:
            return Problem("edited", argument=edited)
        return self._returned(value)

    def _returned(self, value: Any) -> Returned | Problem:
        try:
            return Returned(values.encode(value, self._keep))
        except Unusable as error:
            return Problem("unusable", text=one_line(str(error), answers.MAX_TEXT))

    def _import(self, name: str) -> Problem | None:
        """Import a module; None if that worked."""
        try:
            self._modules[name] = self._load(name)
        except NoSuchFile:
            return Problem("no file", text=one_line(name))
        except (Exception, SystemExit) as error:
            if self._on_error is not None:
                self._on_error(error)
            problem = self._explain(error)
            return problem if problem.kind == "not attempted" else replace(problem, kind="no import")
        return None

    def _target(self, request: dict[str, Any]) -> Any:
        """The object a request is about: `module.name`, `handle` or `handle.name`."""
        name = request["name"]
        base = self._modules[request["module"]] if request["module"] is not None else request["handle"]
        for part in name.split(".") if name else []:
            try:
                base = getattr(base, part)
            except AttributeError:
                raise _NoName(name) from None
        return base

    # --- what crosses ---

    def _revive(self, ref: object) -> Any:
        if isinstance(ref, HandleRef):
            return self._objects[ref.number]
        if isinstance(ref, FunctionRef):
            if ref.module not in self._modules:
                self._modules[ref.module] = self._load(ref.module)
            return self._target({"module": ref.module, "name": ref.name})
        if isinstance(ref, Rng):
            return np.random.default_rng(ref.seed)
        import torch  # only once something needs it: a part without torch is checked without loading it

        if isinstance(ref, Tensor):
            return torch.from_numpy(ref.array)  # of an array of its own: it may be written to
        assert isinstance(ref, TorchRng)
        return torch.Generator().manual_seed(ref.seed)

    def _keep(self, obj: Any) -> object:
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(obj, torch.Tensor):
            plain = obj.detach().cpu().resolve_conj().resolve_neg()
            if plain.layout != torch.strided or plain.is_quantized:
                raise Unusable("a tensor that is not a plain dense one")
            return (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
        self._objects.append(obj)
        return HandleRef(len(self._objects) - 1, type(obj).__name__)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception whose own __str__ fails is still only a failed check
        return ""
