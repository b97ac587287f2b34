"""Datasets of this project written in other people's formats, one a file."""
