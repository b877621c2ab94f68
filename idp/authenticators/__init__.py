"""What people prove with who they are, and how they change it themselves."""
