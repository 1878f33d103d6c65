"""Exports as the learning platforms make them: path -> content, and who is in them, for everybody exactly once.

The forms are those of the platforms' own code and help pages (see autograder/batch/layouts.py).
"""

from __future__ import annotations

from dataclasses import dataclass

Files = dict[str, str | bytes]


@dataclass(frozen=True)
class Export:
    """`people` maps a student's id to (name, time of handing in as the platform shows it or "", late)."""

    platform: str
    files: Files
    people: dict[str, tuple[str, str, bool]]


METADATA = """
submission_17:
  :submitters:
  - :name: Ann One
    :sid: '1017'
    :email: ann@example.org
  :created_at: 2026-11-20 22:00:00 Z
submission_18:
  :submitters:
  - :name: Bob Two
    :sid: '1018'
  :created_at: 2026-11-20 22:30:00 Z
"""
ABOUT = """Name: {name} ({user})
Assignment: Homework 1
Date Submitted: Friday, November 20, 2026 11:59:00 PM CET
Current Grade: Needs Grading

Files:
\tOriginal filename: sums.py
"""


def exports(sums: str, words: str) -> dict[str, Export]:
    """Name of the case -> export; everybody's code is `sums` and `words`."""
    found = {}

    def add(case: str, platform: str, files: Files, people: dict[str, tuple[str, str, bool]]) -> None:
        found[case] = Export(platform, files, people)

    two = {"1017": ("Ann One", "", False), "1018": ("Bob Two", "", False)}
    timed = {"1017": ("Ann One", "2026-11-20T22:00", False), "1018": ("Bob Two", "2026-11-20T22:30", False)}
    add(
        "gradescope",
        "gradescope",
        {
            "assignment_1_export/submission_metadata.yml": METADATA,
            "assignment_1_export/submission_17/sums.py": sums,
            "assignment_1_export/submission_18/hw/words.py": words,
        },
        timed,
    )
    add(
        "canvas",
        "canvas",
        {
            "oneann_1017_5001_sums.py": sums,
            "oneann_1017_5002_words-1.py": words,
            "twobob_LATE_1018_5003_homework.py": sums,
            "threecarl_1019_text.html": "<p>typed</p>",
            "fourdora_LATE_1020_link.html": "<a>",
            "de la fuenteéva_1021_5004_my_sums_2_final.py": sums,
            "README.txt": "not by Canvas",
        },
        {
            "1017": ("oneann", "", False),
            "1018": ("twobob", "", True),
            "1019": ("threecarl", "", False),
            "1020": ("fourdora", "", True),
            "1021": ("de la fuenteéva", "", False),
        },
    )
    add(
        "canvas, anonymous",
        "canvas",
        {
            "anon_Ab3dE_5001_sums.py": sums,
            "anon_Ab3dE_5002_words.py": words,
            "LATE_anon_9xYz1_5003_sums.py": sums,
            "anon_12345_5004_sums.py": sums,
            "LATE_anon_Qq1Qq_text.html": "<p>typed</p>",
        },
        {
            "Ab3dE": ("anon_Ab3dE", "", False),
            "9xYz1": ("anon_9xYz1", "", True),
            "12345": ("anon_12345", "", False),
            "Qq1Qq": ("anon_Qq1Qq", "", True),
        },
    )
    add(
        "moodle 3",
        "moodle",
        {
            "Ann One_1017_assignsubmission_file_/sums.py": sums,
            "Ann One_1017_assignsubmission_onlinetext_/onlinetext.html": "<p>",
            "Bob_Two_1018_assignsubmission_file_/hw/words.py": words,
        },
        {"1017": ("Ann One", "", False), "1018": ("Bob_Two", "", False)},
    )
    add(
        "moodle 4",
        "moodle",
        {
            "Ann One_1017_assignsubmission_file/sums.py": sums,
            "Ann One_1017_assignsubmission_onlinetext/onlinetext.html": "<p>",
            "Bob Two_1018_assignsubmission_file/homework/words.py": words,
            "Carla Drei_1019_assignsubmission_onlinetext/onlinetext.html": "<p>",
        },
        two | {"1019": ("Carla Drei", "", False)},
    )
    add(
        "moodle without folders, anonymous",
        "moodle",
        {
            "Participant_1017_assignsubmission_file_sums.py": sums,
            "Participant_1017_assignsubmission_onlinetext_onlinetext.html": "<p>",
            "Participant_1018_assignsubmission_file_words.py": words,
        },
        {"1017": ("Participant", "", False), "1018": ("Participant", "", False)},
    )
    add(
        "brightspace",
        "brightspace",
        {
            "index.html": "<html>",
            "1017-30017 - Ann One - Nov 19, 2026 930 AM/sums.py": "raise OldVersion",
            "1017-30017 - Ann One - Nov 20, 2026 1159 PM/sums.py": sums,
            "1018-30017 - Bob Two - Nov 21, 2026 1201 AM/hw/words.py": words,
        },
        {"1017": ("Ann One", "2026-11-20T23:59", False), "1018": ("Bob Two", "2026-11-21T00:01", False)},
    )
    add(
        "blackboard",
        "blackboard",
        {
            "Homework 1_aone1_attempt_2026-11-20-23-59-00.txt": ABOUT.format(name="Ann One", user="aone1"),
            "Homework 1_aone1_attempt_2026-11-20-23-59-00_sums.py": sums,
            "Homework 1_aone1_attempt_2026-11-18-08-00-00.txt": ABOUT.format(name="Ann One", user="aone1"),
            "Homework 1_aone1_attempt_2026-11-18-08-00-00_sums.py": "raise OldVersion",
            "Homework 1_btwo_attempt_2026-11-21-00-01-00.txt": ABOUT.format(name="Bob Two", user="btwo"),
            "Homework 1_btwo_attempt_2026-11-21-00-01-00_words.py": words,
        },
        {"aone1": ("Ann One", "2026-11-20T23:59", False), "btwo": ("Bob Two", "2026-11-21T00:01", False)},
    )
    add(
        "plain",
        "plain",
        {
            "Ann One/sums.py": sums,
            "Bob Two/hw/words.py": words,
            "roster.csv": "name,id",
            "README.txt": "x",
            "index.html": "x",
            ".DS_Store": "x",
            "__MACOSX/Ann One/._sums.py": "x",
        },
        {"Ann One": ("Ann One", "", False), "Bob Two": ("Bob Two", "", False)},
    )
    return found
