"""Files, processes and threads: what every room needs of the machine."""
