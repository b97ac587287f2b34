"""Minari datasets: HDF5, Arrow and Parquet."""
