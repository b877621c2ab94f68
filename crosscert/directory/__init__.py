"""The CAs as a directory has them (RFC 4523). Left to others: everything that is believed."""
