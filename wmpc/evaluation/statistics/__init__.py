"""Rates, intervals and comparisons of results."""
