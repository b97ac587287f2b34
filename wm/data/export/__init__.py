<<<<<<< HEAD
"""Datasets of this project written in other people's formats, one a file."""
=======
"""Native episodes in other people's formats: one writer a file."""
>>>>>>> w-swm
