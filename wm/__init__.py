"""World models: learn an action-conditioned JEPA from the pixels of recorded episodes."""
