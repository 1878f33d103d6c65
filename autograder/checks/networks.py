"""Shared by the checks of actor and critic: a network of the submission with weights that the check knows."""

import numpy as np

from autograder.checks.checking import Handle, Student, expect

OTHER_PARAMETERS = (
    "your network has other parameters than those of the given `self.net`: leave it as `__init__` makes it "
    "(another name for a layer, or a buffer beside it, does no harm)"
)

NOT_AS_GIVEN = "the network does not hold the weights that the given `__init__` gives it: leave that as it is"


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


def as_given(student: Student, network: Handle, net: Handle) -> None:
    """Fail the check unless `network` holds the parameters of `net`, which the given lines make, value by value.

    In their order, whatever their names are.
    """
    own, wanted = ([*student.given.parameters(n).values()] for n in (network, net))
    fits = len(own) == len(wanted) and all(np.array_equal(a, b) for a, b in zip(own, wanted, strict=True))
    expect(fits, NOT_AS_GIVEN)
