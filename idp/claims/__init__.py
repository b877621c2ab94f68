"""What is told about a person, and how it is asked for."""
