"""The checks that make a verdict, one small function each, in files by what they look at. Each returns a finding and raises nothing.

``document``: the file and its signature's reach. ``signature``: who signed, when, and whether this node trusts them. ``license``: what the
document says, and what registry, status list and log say of it. ``copy``: an annotated copy's last day. ``report``: a report's data. ``others``:
signatures on what is no licence. ``sealed`` is the table of those that every file under a node's seal is held to first; the order in which
further ones count is left to ``verify`` and its like.
"""
