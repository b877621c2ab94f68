"""The grant types, a file for each: what is shown at the token endpoint, and what it is worth.

Consume first, then issue, in one transaction: whoever is killed in between leaves no usable grant behind, and of any number of
redemptions at once exactly one gets tokens. Left to others: who is calling (``clients.authentication``), HTTP (``token``), signing
(``signed``).
"""
