"""What is asserted about a submission: `public/` goes out with the handout, `hidden/` stays with the staff."""
