"""The checks that make a verdict, one small function each, in three files by what they look at.

``document``: the file and its signature's reach. ``signature``: who signed, when, and whether this node trusts them.
``license``: what the document says, and what registry, status list and log say of it. The order in which they count is left to
``verify``; every check returns a finding and raises nothing.
"""
