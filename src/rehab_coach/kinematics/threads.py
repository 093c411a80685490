"""One thread for linear algebra on small matrices.

BLAS divides even small matrices between the processor's cores, and its threads spin while they wait for each other.
With other work on the machine, such as a pose estimator, that costs ten times what the computation costs itself.
"""

import numpy as np  # noqa: F401  the libraries that are to be limited must be loaded
import scipy.linalg  # noqa: F401
from threadpoolctl import ThreadpoolController

one_thread = ThreadpoolController().wrap(limits=1, user_api="blas")
"""Decorator: the function's linear algebra stays in its own thread."""
