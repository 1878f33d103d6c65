"""For course staff only: nothing in this folder is handed out."""
