"""What is done to licences after, or instead of, being issued from a file: acts of officers, by a table of what may follow what."""
