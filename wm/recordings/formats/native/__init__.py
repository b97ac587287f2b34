"""This project's own datasets."""
