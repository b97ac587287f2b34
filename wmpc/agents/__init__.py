"""Whatever acts: planners over a model, policies, baselines, agents of others."""
