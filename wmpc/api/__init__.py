"""What the verbs do, in Python: one function a file, exported by `wmpc`."""
