"""How a model is made and measured: recipes, data sets, augmentation, training, evaluation.

Nothing that the robot runs imports this package; it needs the extra `train` (matplotlib, scikit-learn).
"""

import os

# PyTorch's threads wait for each other several hundred times a step. Beside a loader on the same cores those that wait
# must sleep, not spin on a core that the one they wait for could use. OpenMP reads this when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
