"""Pages, charts and films of what was measured."""
