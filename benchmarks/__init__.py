"""What is measured, side by side: our figure, what it is held against (a limit that we set, or a peer's figure), and the ratio.

Nothing here proves anything right; tests do. Run it with ``make bench``.
"""
