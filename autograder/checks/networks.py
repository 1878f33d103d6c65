"""Shared by the checks of actor and critic: a network of the submission with weights that the check knows."""

import numpy as np

from autograder.checks.checking import Handle, Student, expect

OTHER_PARAMETERS = (
    "your network has other parameters than those of the given `self.net`: leave it as `__init__` makes it "
    "(another name for a layer, or a buffer beside it, does no harm)"
)


def with_weights(student: Student, network: Handle, arrays: dict[str, np.ndarray]) -> dict[str, str]:
    """Put `arrays` (the reference's name -> values) into the network; returns the network's own name for each.

    Fails the check where its parameters are others than the reference's.
    """
    names = student.given.load_state(network, arrays)
    fits = (
        isinstance(names, dict)
        and set(names) == set(arrays)
        and all(isinstance(n, str) for n in names.values())
    )
    expect(fits, OTHER_PARAMETERS)
    return names
