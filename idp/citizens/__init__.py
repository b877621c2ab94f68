"""Citizens: how they come by an account, and how surely it is known who they are."""
