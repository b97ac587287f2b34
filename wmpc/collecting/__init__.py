"""Episodes from environments, and what recordings need an environment for."""
