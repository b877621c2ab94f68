"""What the person is asked on the way: to log in, to agree."""
