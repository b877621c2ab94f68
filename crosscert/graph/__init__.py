"""The graph of trust: who certifies whom, what follows from it, and how it looks.

The judge is always the path engine (``crosscert.paths``); there is no second set of rules here.
"""
