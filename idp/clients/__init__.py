"""Departments' systems: registering them, and proving at an endpoint that one is the client."""
