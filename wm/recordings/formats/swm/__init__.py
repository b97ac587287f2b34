"""LeWM's and stable-worldmodel's HDF5 files and Lance tables."""
