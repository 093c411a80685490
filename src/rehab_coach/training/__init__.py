"""How any network of this package is trained: the loop, checkpoints, processes that train together, the log."""
