"""The grader's side of a call: it starts the submission's process, confines it and believes nothing it says."""
