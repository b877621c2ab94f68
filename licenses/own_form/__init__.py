"""The fast and narrow way to read a licence: only the form that this system writes itself, with nothing wrong about it.

What is in that form and sound is read here in a fraction of a millisecond; of anything else nothing is said, and ``reading`` takes it apart.
``objects``: a PDF with plain tables. ``signature``: a CMS that is octet by octet what ``pki.cms`` would write. ``document``: the licence.
"""

from licenses.own_form.document import find_reading

__all__ = ["find_reading"]
