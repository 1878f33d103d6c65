"""The one object through which a check sees a submission: `student.relabel.future_goals(...)`.

Everything here runs on the grader's side. What comes back has been rebuilt from plain bytes, so it holds no code of
the submission's and cannot lie about itself.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence
from typing import Any, Protocol

from autograder.engine import endpoint, values
from autograder.engine.outcomes import CheckFailed, Crashed, NotAttempted, StudentError, one_line
from autograder.engine.values import FunctionRef, HandleRef, Unusable

# A type name is text of the submission's choosing, and could carry a hidden input out: only these are repeated.
_KNOWN_TYPES = frozenset(dir(builtins)) - {"object"} | {
    "Tensor",
    "Parameter",
    "Generator",
    "Linear",
    "Sequential",
    "Normal",
    "module",
    "Actor",
    "Critic",
    "ModelBuffer",
}
_KNOWN_ERRORS = frozenset(
    name for name, obj in vars(builtins).items() if isinstance(obj, type) and issubclass(obj, BaseException)
) | {"AxisError", "LinAlgError", "OutOfMemoryError"}


class Transport(Protocol):
    """Carries one message to the submission and its answer back; raises `TimedOut`, `Crashed`, `CouldNotRun`."""

    def ask(self, message: bytes) -> bytes: ...

    def close(self) -> None: ...


class Student:
    """A submission as a check sees it. Each part file is an attribute, and `given` holds the stand-ins."""

    def __init__(self, transport: Transport, modules: dict[str, str]) -> None:
        """`modules`: module name -> file name as a student knows it ("relabel" -> "relabel.py")."""
        self._transport = transport
        self._modules = modules
        self._heard = False

    @property
    def was_heard(self) -> bool:
        """Whether any value has come back from the submission yet."""
        return self._heard

    def __getattr__(self, name: str) -> Module:
        if name.startswith("_") or name not in self._modules:
            raise AttributeError(f"no part file is called {name}.py; there are: {', '.join(self._modules)}")
        return Module(self, name)

    def module(self, name: str) -> Module:
        """Any module of the submission's package, by dotted name: `student.module("kit.networks")`."""
        return Module(self, name)

    def read(self, owner: Module | Handle | str, name: str) -> Any:
        """The value of an attribute: `student.read("relabel", "STRATEGIES")`, `student.read(buffer, "size")`."""
        target = Module(self, owner) if isinstance(owner, str) else owner
        return self._ask("read", target, name)

    def value_and_grad(
        self,
        module: Module | Handle | str,
        function: str,
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
        wrt: Sequence[int | str] = (0,),
    ) -> tuple[Any, list[Any]]:
        """Call a function that returns a loss (or `(loss, info)`): its value, and the gradient by each `wrt` argument.

        `wrt` holds positions or keywords. An array gives an array (float64 arrays arrive as float32 tensors; send
        `Tensor(x, double=True)` for more), or None where the loss does not depend on it; a handle of an `nn.Module`
        gives a dict parameter name -> array or None.
        """
        keywords = dict(kwargs or {})
        positional = list(args)
        for key in wrt:
            slot: Any = positional if isinstance(key, int) else keywords
            if not isinstance(slot[key], Handle | values.Tensor):
                slot[key] = values.Tensor(slot[key])
        target = Module(self, module) if isinstance(module, str) else module
        answer = self._ask("value_and_grad", target, function, positional, keywords, wrt=list(wrt))
        if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], list)):
            raise Crashed("the answer of your code's process could not be read")
        if len(answer[1]) != len(wrt):
            raise Crashed("the answer of your code's process could not be read")
        return answer[0], answer[1]

    def _ask(
        self,
        op: str,
        target: Module | Handle,
        name: str,
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
        **more: Any,
    ) -> Any:
        module = target._name if isinstance(target, Module) else None
        handle = target if isinstance(target, Handle) else None
        request = {"op": op, "module": module, "handle": handle, "name": name} | more
        message = values.encode(request | {"args": list(args), "kwargs": dict(kwargs or {})}, self._lower)
        try:
            answer = values.decode(self._transport.ask(message), self._raise_up)
        except Unusable as error:
            raise Crashed("the answer of your code's process could not be read", str(error)) from None
        if not isinstance(answer, dict):
            raise Crashed("the answer of your code's process could not be read")
        if "problem" in answer:
            raise self._verdict(answer, module, self._label(target, name))
        self._heard = True
        if set(answer) != {"value"}:
            raise Crashed("the answer of your code's process could not be read")
        return answer["value"]

    def _label(self, target: Module | Handle, name: str) -> str:
        return (
            f"{target._name}.{name}"
            if isinstance(target, Module)
            else target._label + (f".{name}" if name else "()")
        )

    def _lower(self, obj: object) -> object:
        """An argument that is not plain data."""
        if isinstance(obj, Handle):
            return HandleRef(obj._number)
        if isinstance(obj, Function) and isinstance(obj._target, Module):
            return FunctionRef(obj._target._name, obj._function)
        raise TypeError(f"a check cannot send a {type(obj).__name__} to a submission")

    def _raise_up(self, ref: object) -> Handle:
        if isinstance(ref, HandleRef):
            return Handle(self, ref.number, ref.type_name if ref.type_name in _KNOWN_TYPES else "")
        raise Unusable("a malformed message")

    def _verdict(self, answer: dict[Any, Any], module: str | None, label: str) -> Exception:
        """The exception for a problem; every field was written by the other side, so each is cleaned first."""
        problem = answer["problem"]
        what = one_line(str(answer.get("what", "")))
        type_name = str(answer.get("type", ""))
        shown_type = type_name if type_name in _KNOWN_ERRORS else "an exception"
        file, line = str(answer.get("file", "")), answer.get("line")
        known_files = {*self._modules.values()}
        place = (
            f" ({file}, line {line})"
            if file in known_files and type(line) is int and 0 < line < 10**6
            else ""
        )
        own_file = self._modules.get(module or "", f"{module}.py")
        if problem == endpoint.NOT_ATTEMPTED:
            hole = re.match(r"TODO\(\d+[a-z]\)", what)
            return NotAttempted(what, what, hole[0] if hole else "a placeholder was reached")
        if problem == endpoint.NO_FILE:
            return NotAttempted(f"{own_file} was not handed in")
        if problem == endpoint.NO_NAME:
            return CheckFailed(f"your `{label}` does not exist")
        if problem == endpoint.UNUSABLE:
            self._heard = True
            kinds = "numbers, text, arrays of numbers, and lists, tuples and dicts of them"
            safe = f"your `{label}` returned something that cannot be handed over (what can: {kinds})"
            return CheckFailed(f"your `{label}` returned {what}" if what else safe, what, safe)
        if problem == endpoint.NO_IMPORT and type_name in ("SyntaxError", "IndentationError", "TabError"):
            where = f"line {line}: " if place else ""
            return StudentError(
                f"{own_file} does not parse: {where}{what}", f"{own_file} does not parse{place}", type_name
            )
        if problem == endpoint.NO_IMPORT:
            safe = f"{own_file} cannot be imported: {shown_type}"
        else:
            safe = f"your `{label}` raised {shown_type}"
        full = safe.replace(shown_type, one_line(type_name, 60) or shown_type) + (f": {what}" if what else "")
        return StudentError(full + place, safe + place, type_name, what)


class Module:
    """A module of the submission. `student.relabel.f(...)` calls; `student.relabel.f` may be passed as an argument."""

    def __init__(self, student: Student, name: str) -> None:
        self._student = student
        self._name = name

    def __getattr__(self, name: str) -> Function:
        return Function(self._student, self, name)


class Handle:
    """An object that stayed with the submission: call it, call its methods, pass it back as an argument."""

    def __init__(self, student: Student, number: int, type_name: str) -> None:
        self._student = student
        self._number = number
        self._type_name = type_name

    @property
    def _label(self) -> str:
        return self._type_name or "object"

    def __getattr__(self, name: str) -> Function:
        if name.startswith("__"):
            raise AttributeError(name)  # copy, pickle and numpy ask for these
        return Function(self._student, self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._student._ask("call", self, "", args, kwargs)

    def __len__(self) -> int:
        length = self._student._ask("call", self, "__len__")
        if type(length) is not int or length < 0:
            raise CheckFailed(f"the length of your {self._label} is not a number")
        return length

    def __getitem__(self, key: Any) -> Any:
        return self._student._ask("call", self, "__getitem__", [key])

    def __iter__(self) -> Any:
        raise CheckFailed(f"your code returned {describe(self)} where a check expects values to look at")

    def __repr__(self) -> str:
        return f"<handle of {describe(self)}>"


class Function:
    """Something named in a module or on a handle; calling it crosses over."""

    def __init__(self, student: Student, target: Module | Handle, function: str) -> None:
        self._student = student
        self._target = target
        self._function = function

    def __getattr__(self, name: str) -> Function:
        if name.startswith("__"):
            raise AttributeError(name)
        return Function(self._student, self._target, f"{self._function}.{name}")  # Class.method, config.field

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._student._ask("call", self._target, self._function, args, kwargs)


def describe(value: object) -> str:
    """What a value is, for a sentence: "an array of shape (4,)", "nothing (None)", "a list"."""
    import numpy as np

    if value is None:
        return "nothing (None)"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, Handle):
        return f"an object of type {value._type_name}" if value._type_name else "an object"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
