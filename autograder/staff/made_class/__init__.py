"""Made-up submissions for the demo, the benchmarks and the tests: what a TA meets on the evening of a deadline."""
