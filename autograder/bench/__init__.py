"""Every program that measures the kit, and `results/`, the figures of today: nothing here is handed out."""
