"""Diagnostics: small functions, each a number, a picture and how to read them."""
