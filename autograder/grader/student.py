"""The one object through which a check sees a submission: `student.relabel.future_goals(...)`.

Everything here runs on the grader's side. What comes back has been rebuilt from plain bytes, so it holds no code of
the submission's and cannot lie about itself.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from autograder.grader.inside import answers, values
from autograder.grader.inside.answers import Problem
from autograder.grader.inside.values import FunctionRef, HandleRef, Unusable
from autograder.grader.outcomes import (
    CheckFailed,
    Crashed,
    EditedArgument,
    NotAttempted,
    StudentError,
    Verdict,
)
from envs.errors import one_line

# A handle's type name is text of the submission's choosing: only these are repeated, and none in a hidden check.
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
# The exception types that a hidden check names. Few, since the submission chooses among them.
SHOWN_ERRORS = (
    *("AssertionError", "AttributeError", "ImportError", "IndexError", "KeyError", "MemoryError"),
    *("ModuleNotFoundError", "NameError", "PermissionError", "RecursionError", "RuntimeError", "TypeError"),
    *("UnboundLocalError", "ValueError", "ZeroDivisionError"),
)
AN_EXCEPTION = "an exception"
NO_VALUE = "an object was returned where values are expected"
LONGEST_FILE = 300  # lines; in a longer file a hidden check names no line (a part file has at most 150)
_UNREADABLE = "the answer of your code's process could not be read"


class Transport(Protocol):
    """Carries one message to the submission and its answer back; raises `TimedOut`, `Crashed`, `CouldNotRun`.

    `idle_limit` is how many seconds the code may wait without computing; once the transport is closed, `computed` and
    `idle` say how many seconds it computed and waited.
    """

    idle_limit: float
    computed: float
    idle: float

    def ask(self, message: bytes) -> bytes: ...

    def close(self) -> object: ...


class Student:
    """A submission as a check sees it. Each part file is an attribute, and `given` holds the stand-ins."""

    def __init__(
        self,
        transport: Transport,
        modules: dict[str, str],
        holes: frozenset[str] = frozenset(),
        lines: Mapping[str, int] | None = None,
    ) -> None:
        """`modules`: module name -> file name as a student knows it ("relabel" -> "relabel.py").

        `holes` are the sub-parts there are, and `lines` says how many lines each file of the submission has: nothing
        else is shown as the id of a hole or as the number of a line.
        """
        self._transport = transport
        self._modules = modules
        self._holes = holes
        self._lines = lines or {}
        self._asked = False

    @property
    def was_asked(self) -> bool:
        """Whether the submission's code may have run: from then on, whatever happens may be its doing."""
        return self._asked

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
        match answer:
            case (value, list(gradients)) if len(gradients) == len(wrt):
                return value, gradients
        raise Crashed(_UNREADABLE)

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
        self._asked = True
        try:
            answer = answers.decode(self._transport.ask(message))
            if isinstance(answer, Problem):
                raise self._verdict(answer, target, name)
            return values.decode(answer.value, self._raise_up)
        except Unusable as error:
            raise Crashed(_UNREADABLE, str(error)) from None

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

    def _verdict(self, problem: Problem, target: Module | Handle, name: str) -> Verdict:
        """The exception for a problem. Its fields are what the submission says, so a hidden check repeats none of them
        but those checked here: a hole that exists, a line that the file has, one of `SHOWN_ERRORS`. It does not
        say which call it was either, since a submission may choose among those of a check."""
        what = one_line(problem.text)
        module = target._name if isinstance(target, Module) else ""
        own_file = self._modules.get(module, f"{module}.py")
        # A stand-in of ours calls the student's function, and must not appear in its place.
        label = "code" if module == "given" else f"`{_label(target, name)}`"
        if problem.kind == "not attempted":
            found = re.match(r"TODO\((\d+[a-z])\)", what)
            hole = found[1] if found and found[1] in self._holes else ""
            return NotAttempted(what, what, f"TODO({hole})" if hole else "a placeholder was reached", hole)
        if problem.kind == "no file":
            return NotAttempted(f"{own_file} was not handed in")
        if problem.kind == "no name":
            return CheckFailed(
                f"your {label} does not exist", safe="a function that this check calls does not exist"
            )
        if problem.kind == "unusable":
            kinds = "numbers, text, arrays of numbers, and lists, tuples and dicts of them"
            rule = f"something that cannot be handed over (what can: {kinds})"
            return CheckFailed(f"your {label} returned {what or rule}", what, f"your code returned {rule}")
        if problem.kind == "edited":
            rule = "in place: leave the arguments unchanged, and work on new arrays"
            which = f"argument number {problem.argument}"
            return EditedArgument(
                f"your {label} edits its {which} {rule}", f"your code edits an argument {rule}",
                problem.argument,
            )  # fmt: skip
        place, safe_place = self._place(problem)
        if problem.kind == "read-only":
            rule = "read-only, as the arguments are: leave them unchanged, and work on new arrays"
            array, safe_array = f"`{what}`, which is" if what else "an array that is", "an array that is"
            return CheckFailed(
                f"your {label} writes into {array} {rule}{place}",
                safe=f"your code writes into {safe_array} {rule}{safe_place}",
            )
        type_name = one_line(problem.type_name, 60) or AN_EXCEPTION
        safe_type = type_name if type_name in SHOWN_ERRORS else AN_EXCEPTION
        reason = f": {what}" if what else ""
        if problem.kind == "no import" and type_name in ("SyntaxError", "IndentationError", "TabError"):
            where = f"line {problem.line}: " if place else ""
            sentence = f"{own_file} does not parse"
            return StudentError(f"{sentence}: {where}{what}", f"{sentence}{safe_place}", type_name)
        if problem.kind == "no import":
            opening = safe_opening = f"{own_file} cannot be imported:"
        else:
            opening, safe_opening = f"your {label} raised", "your code raised"
        full, safe = f"{opening} {type_name}{reason}{place}", f"{safe_opening} {safe_type}{safe_place}"
        return StudentError(full, safe, type_name, what)

    def _place(self, problem: Problem) -> tuple[str, str]:
        """Where it happened, and what a hidden check may say of that. "" if the submission has no such place."""
        count = self._lines.get(problem.file, 0)
        if not 0 < problem.line <= count:
            return "", ""
        place = f" ({problem.file}, line {problem.line})"
        return place, place if count <= LONGEST_FILE else ""


def _label(target: Module | Handle, name: str) -> str:
    if isinstance(target, Module):
        return f"{target._name}.{name}"
    return target._label + (f".{name}" if name else "()")


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
            raise CheckFailed(f"the length of your {self._label} is not a number", safe=NO_VALUE)
        return length

    def __getitem__(self, key: Any) -> Any:
        return self._student._ask("call", self, "__getitem__", [key])

    def __iter__(self) -> Any:
        sentence = f"your code returned {describe(self)} where a check expects values to look at"
        raise CheckFailed(sentence, safe=NO_VALUE)

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
