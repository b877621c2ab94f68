"""What a person may know and decide about their own data: who looked, everything in one file. Left to others: pages (``views``)."""
