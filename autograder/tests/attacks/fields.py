"""Answer with every field of every odd kind, and patch the code that makes the answers beside the submission.

`values` and `endpoint` run in the submission's own process, so it can make them write whatever it likes. Only what the
grader's side makes of the bytes counts.
"""

from autograder.tests.attacks.speak import sending

ODD = {
    "nothing": "None",
    "a truth": "True",
    "a negative number": "-1",
    "a large number": "2**63",
    "a fraction": "0.5",
    "not a number": "float('nan')",
    "a long text": "'x' * 10**6",
    "control characters": "'\\x1b[2J<script>\\u202e'",
    "bytes": "b'passed'",
    "a list": "['passed'] * 3",
    "a dict": "{'outcome': 'passed', 1: {}}",
    "an array": "array('<f8', [2])",
    "a time": "__import__('datetime').datetime.now(__import__('datetime').UTC)",
}
FIELDS = ("kind", "text", "type_name", "file", "line", "argument", "score")
KINDS = ("not attempted", "raised", "no import", "no file", "no name", "unusable", "read-only", "edited")
HEADER = {"dtype": "array({}, [1])", "shape": "array('<f8', {})", "blob": "array('<f8', [1], {})"}

PATCH = {
    "numpy arrays as the kinds of answer": """
        import numpy
        from autograder.grader.inside import answers, endpoint
        answers.KINDS = numpy.zeros(2)
        endpoint.Problem = lambda *a, **k: numpy.zeros(2)
        ANSWER = lambda x: undefined
    """,
    "numpy arrays where words are compared": """
        import numpy
        import autograder.grader.inside.endpoint as e
        e.RAISED = e.NOT_ATTEMPTED = e.NO_IMPORT = numpy.zeros(2)
        ANSWER = lambda x: undefined
    """,
    "an encoder that writes arrays into text fields": """
        from msgspec import msgpack
        from autograder.grader.inside import answers
        answers.encode = lambda answer: msgpack.encode({"type": "problem", "kind": [0, 0], "text": {}})
        ANSWER = lambda x: undefined
    """,
    "arguments that are never seen to change": """
        from autograder.grader.inside import unchanged
        unchanged.Arguments.edited = 0
        unchanged.wrote_into_read_only = lambda *a: False
        def ANSWER(x):
            x[...] = 0
            return x
    """,
    "a decoder that makes writable arrays": """
        from autograder.grader.inside import endpoint, values
        endpoint.Arguments = lambda *a: type("A", (), {"edited": 0})
        def ANSWER(x):
            x -= x
            return x
    """,
    "no stand-ins": """
        from autograder.grader.inside import given
        for name in dir(given): setattr(given, name, lambda *a, **k: 1)
        ANSWER = lambda x: 1
    """,
    "another gradient": """
        import autograder.grader.inside.gradients as g
        g.value_and_grad = lambda *a: (0, [0])
        ANSWER = lambda x: 0
    """,
    "an endpoint that answers nothing": """
        from autograder.grader.inside import endpoint
        endpoint.Endpoint.answer = lambda self, message: b""
        ANSWER = lambda x: x
    """,
    "an endpoint that answers with the question": """
        from autograder.grader.inside import endpoint
        endpoint.Endpoint.answer = lambda self, message: message
        ANSWER = lambda x: x
    """,
    "an endpoint that raises": """
        from autograder.grader.inside import endpoint
        def answer(self, message): raise MemoryError
        endpoint.Endpoint.answer = answer
        ANSWER = lambda x: x
    """,
    "frames that lie about their length": """
        import autograder.grader.inside.worker as w
        from autograder.grader.inside import frames
        real = frames.write_frame
        w.write_frame = lambda sock, message, *a: sock.sendall(b"\\0\\0\\0\\5" + message)
        ANSWER = lambda x: x
    """,
    "zero rows of many columns": "import numpy as np\nANSWER = lambda x: np.zeros((0, 2**26))",
    "an integer that is taken for a size": "ANSWER = lambda x: 2**62",
    "integers that are taken for places": "import numpy as np\nANSWER = lambda x: np.full(5, 2**62)",
    "a dict where an array is expected": "ANSWER = lambda x: {'shape': (5,), 'dtype': 'f8'}",
    "a handle where an array is expected": "ANSWER = lambda x: object()",
    "a function where an array is expected": "ANSWER = lambda x: ANSWER",
    "deep tuples": "def ANSWER(x):\n    t = ()\n    for _ in range(14): t = (t,)\n    return t",
}


def _forged() -> dict[str, str]:
    found = {}
    for field in FIELDS:
        for odd, value in ODD.items():
            fields = f"**({{'kind': 'raised'}} | {{{field!r}: {value}}})"
            found[f"{odd} as {field}"] = sending(f"framed(problem({fields}))")
    for odd, value in ODD.items():
        found[f"{odd} as the type of an answer"] = sending(f"framed(answer(type={value}, kind='raised'))")
        found[f"{odd} as a value"] = sending(f"framed(answer(type='returned', value={value}))")
        found[f"{odd} as a skeleton"] = sending(f"framed(packed({value}))")
        found[f"{odd} as the blobs"] = sending(f"framed(packed(b'\\xc0', {value}))")
        for name, header in HEADER.items():
            found[f"{odd} as the {name} of an array"] = sending(
                f"framed(returned({header.format(value)}, [b'12345678']))"
            )
        found[f"{odd} as a handle"] = sending(f"framed(returned(extension(3, {value})))")
        found[f"{odd} as a tuple"] = sending(f"framed(returned(extension(2, {value})))")
    for kind in KINDS:
        more = "text='TODO(1a): x', type_name='ValueError', file='sums.py', line=1, argument=1"
        found[f"claim: {kind}"] = sending(f"framed(problem(kind={kind!r}, {more}))")
    return found


ANSWER_FIELDS = _forged() | PATCH
