"""Who handed in what: exports of learning platforms, and the class list."""
