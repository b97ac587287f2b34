"""robomimic's HDF5 files."""
