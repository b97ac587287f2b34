"""Recordings of others: read, examined, imported, exported."""
