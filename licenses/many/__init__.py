"""Verifying many files at once: a folder or a zip full, each with a verdict of its own, told as soon as it is there.

``zips``: outsiders' zip files within bounds. ``verifying``: one after another, their look-ups and audit rows together. ``views``: over HTTP.
"""
