"""A task: a folder with its Python and its MuJoCo model. Importing it registers it."""

import gymnasium

gymnasium.register("mine/Cart-v0", entry_point="mine.cart.task:Cart")
