"""A course of its own: the whole kit in a folder, without what was run, built or measured here, and with fresh dates."""

import os
import shutil
import subprocess
from pathlib import Path

from autograder.staff.release.errors import ReleaseError

# What running, building and measuring leaves behind, at the top or in any folder.
LEFT_OUT = {"out", "dist", "runs", "__pycache__", "node_modules"}
LEFT_OUT_SUFFIXES = {".pyc", ".egg-info"}
KEPT_HIDDEN = {".gitignore", ".gitattributes", ".github", ".generated.json"}
