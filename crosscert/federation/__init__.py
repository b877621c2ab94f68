"""What nodes fetch from, send to and look for at each other, and how they stand. Left to others: what is believed of it (``trust``)."""
