"""How a model is made and measured: recipes, data sets, augmentation, training, evaluation.

Nothing that the robot runs imports this package; it needs the extra `train` (matplotlib, scikit-learn).
"""
