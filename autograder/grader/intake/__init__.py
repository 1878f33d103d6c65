"""From a folder or archive that was handed in to its part files. If this code changes, uploads are opened anew."""
