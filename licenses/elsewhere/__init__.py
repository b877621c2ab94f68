"""A holder's licences at other nodes: one node asks another by a signed question, which is answered by a signed list."""
