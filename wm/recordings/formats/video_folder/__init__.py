"""Folders of videos with a table of actions beside each."""
