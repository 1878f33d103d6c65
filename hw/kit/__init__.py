"""What is given: buffer, networks, normalizer, collection, evaluation, configuration, logging. Nothing to fill in."""
