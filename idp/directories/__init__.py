"""Staff as their departments' directories have them: logging in by bind, taking over, letting go. Nothing is written to a directory."""
