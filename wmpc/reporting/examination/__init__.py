"""The page of what the doctor found in a recording."""
