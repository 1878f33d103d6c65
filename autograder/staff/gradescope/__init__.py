"""What runs on Gradescope. `make gradescope` packs it with the kit (release/gradescope.py)."""
