"""What training minimises: one term a file, and the objective that is made of them."""
