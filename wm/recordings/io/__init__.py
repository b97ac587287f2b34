"""What several formats share: files, HDF5, `.npz`, videos, and how rows are pictures."""
