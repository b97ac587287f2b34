"""Cases, runs of agents on them, and what the rows prove."""
