"""Environments that people have already: a module for each package, named as the package is."""
