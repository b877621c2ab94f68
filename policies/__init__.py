"""What is allowed: TOML documents, frozen models, pure decisions. An empty list allows nothing; a missing file stops the start.

Left to others: carrying a decision out. Nothing here reads the clock, a database or the network.
"""
