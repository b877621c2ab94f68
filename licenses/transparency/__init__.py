"""The log in public: served as tiles, witnessed by other nodes and witnessing theirs, receipts, and looking it over from the first leaf.

Left to others: the tree (``licenses.log``), its signed head (``licenses.checkpoint``), notes and their keys (``licenses.notes``).
"""
