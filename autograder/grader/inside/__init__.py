"""What runs beside a submission, in its process: this whole folder is copied there, and no other of the autograder."""
