"""Native episodes in other people's formats: one writer a file."""
