"""Logging out: on whose request, and telling every client of it."""
