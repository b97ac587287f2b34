"""Networks: encoders, predictors, and the world model made of them."""
