"""What recordings alone say of a model and its planner: scores on held-out episodes, one a file.

No simulator takes part, so none of them is a rate of success. `scores.score_offline` computes all.
"""
