"""Who people are and how they prove it: accounts, authenticators, the counting of tries."""
