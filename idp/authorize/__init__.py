"""The authorization endpoint: the request in all its forms, its checks, what must still be asked, the answer."""
