"""The autograder: checks, the engine that runs them on code nobody trusts, and what is made of the results."""
