"""Get a point without solving anything."""

ANSWERS = """
def add(a, b): return ANSWER(a)
def double(x): return ANSWER(x)
"""

FORGE = {
    "patch numpy's comparisons": """
        import numpy as np
        np.allclose = np.array_equal = np.isclose = np.all = lambda *a, **k: True
        ANSWER = lambda x: x * 0 - 1
    """,
    "patch numpy's testing functions": """
        import numpy as np
        import numpy.testing as testing
        for name in dir(testing):
            if name.startswith("assert"): setattr(testing, name, lambda *a, **k: None)
        ANSWER = lambda x: x * 0 - 1
    """,
    "patch pytest": """
        import _pytest.runner, _pytest.reports, pytest
        _pytest.runner.pytest_runtest_makereport = lambda item, call: None
        _pytest.reports.TestReport.outcome = "passed"
        pytest.raises = lambda *a, **k: None
        ANSWER = lambda x: x * 0 - 1
    """,
    "patch the engine where it is loaded": """
        import sys
        from autograder.grader.inside import endpoint, values
        real = values.encode
        values.encode = lambda value, foreign: real({"value": True, "outcome": "passed", "score": 10}, foreign)
        endpoint.Endpoint.answer = lambda self, message: values.encode(None, None)
        ANSWER = lambda x: x
    """,
    "import the scoring": """
        from autograder.grader.report import scoring
        scoring.score = lambda *a, **k: 10**6
    """,
    "import the hidden checks": """
        import importlib
        for name in ("autograder.staff.hidden.test_dynamics", "checks.hidden.test_sums", "solutions.dynamics"):
            try:
                importlib.import_module(name)
                raise ValueError("ESCAPED")
            except ImportError: pass
    """,
    "always equal": """
        class Yes:
            def __eq__(self, other): return True
            def __ne__(self, other): return False
            def __bool__(self): return True
            def __sub__(self, other): return 0
            def __abs__(self): return 0
            def __le__(self, other): return True
            def __array__(self, *a, **k): return __import__("numpy").zeros(3)
            shape, dtype, ndim = (3,), "float64", 1
        ANSWER = lambda x: Yes()
    """,
    "an array class of its own": """
        import numpy as np
        class Close(np.ndarray):
            def __sub__(self, other): return np.zeros(3)
            def __eq__(self, other): return np.ones(3, bool)
            def __array_ufunc__(self, *a, **k): return np.zeros(3)
            def __array_function__(self, *a, **k): return True
        ANSWER = lambda x: np.full(3, 9.0).view(Close)
    """,
    "a float that compares as it likes": """
        class Any(float):
            def __eq__(self, other): return True
            def __lt__(self, other): return True
            __gt__ = __le__ = __ge__ = __lt__
        ANSWER = lambda x: [Any(7.0)] * 3
    """,
    "text that is equal to everything": """
        class Text(str):
            def __eq__(self, other): return True
            def __hash__(self): return 0
        ANSWER = lambda x: Text("wrong")
    """,
    "not a number": "ANSWER = lambda x: x * float('nan')",
    "infinity": "ANSWER = lambda x: x * 0 + float('inf')",
    "nothing": "ANSWER = lambda x: None",
    "leave with success": "import os; os._exit(0)",
    "leave with success when called": "import os\nANSWER = lambda x: os._exit(0)",
    "raise SystemExit(0)": "ANSWER = lambda x: exec('raise SystemExit(0)')",
    "raise what pytest takes for a skip": """
        import pytest
        ANSWER = lambda x: pytest.skip("all is well")
    """,
    "raise what pytest takes for the end": """
        import pytest
        ANSWER = lambda x: pytest.exit("all is well", 0)
    """,
    "raise a verdict of the grader's": """
        from autograder.grader.outcomes import CouldNotRun
        def ANSWER(x): raise CouldNotRun("the grader's own fault")
    """,
    "raise KeyboardInterrupt": "def ANSWER(x): raise KeyboardInterrupt",
    "raise GeneratorExit": "def ANSWER(x): raise GeneratorExit",
    "an exception whose text raises": """
        class Bad(Exception):
            def __str__(self): raise SystemExit(0)
        def ANSWER(x): raise Bad
    """,
    "an exception that claims to be another": """
        class Bad(Exception):
            __class__ = property(lambda self: __import__("autograder.grader.outcomes").grader.outcomes.CouldNotRun)
        def ANSWER(x): raise Bad("passed")
    """,
    "look for the expected value in the frames": """
        import sys
        def ANSWER(x):
            frame = sys._getframe()
            while frame is not None:
                for name, value in frame.f_locals.items():
                    if name in ("expected", "reference", "total", "truth"): return value
                frame = frame.f_back
            raise ValueError("nothing there")
    """,
    "look for a check among all objects": """
        import gc, types
        def ANSWER(x):
            for item in gc.get_objects():
                if isinstance(item, types.FunctionType) and item.__name__.startswith("test_"):
                    raise ValueError("ESCAPED")
                if isinstance(item, types.ModuleType) and "checks" in item.__name__: raise ValueError("ESCAPED")
            raise ValueError("nothing there")
    """,
    "learn the seed of the hidden inputs": """
        import random, numpy as np
        def ANSWER(x):
            for item in __import__("gc").get_objects():
                if type(item) is dict and item.get("seed") == @SEED@: raise ValueError("ESCAPED")
            raise ValueError("nothing there")
    """,
    "run at exit": """
        import atexit, os
        atexit.register(lambda: os.write(3, b"\\0\\0\\0\\1\\xc0"))
        ANSWER = lambda x: x * 0 - 1
    """,
    "edit the arguments in place": """
        def ANSWER(x):
            try: x[...] = 0
            except Exception: pass
            return x
    """,
    "change what the pristine package does": """
        from .kit import helpers
        helpers.twice = lambda x: x
        import hw
        hw.__path__.clear()
        ANSWER = lambda x: helpers.twice(x) * 0 - 1
    """,
    "replace modules that are loaded later": """
        import sys, types
        for name in ("autograder.grader.inside.given", "autograder.grader.inside.gradients", "torch", "msgpack"):
            sys.modules[name] = types.ModuleType(name)
        ANSWER = lambda x: x * 0 - 1
    """,
    "a module that answers every name": """
        def __getattr__(name): return lambda *a, **k: True
    """,
    "replace the builtins": """
        import builtins
        builtins.isinstance = lambda *a: True
        builtins.len = lambda *a: 3
        builtins.abs = lambda *a: 0
        ANSWER = lambda x: x * 0 - 1
    """,
}
