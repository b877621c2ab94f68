"""What every room needs and nobody owns: errors, time, randomness, identifiers, canonical bytes, audit events, who is who.

Left to others: anything that reads a file, opens a connection or knows a framework.
"""
