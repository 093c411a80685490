"""One set-up for pip (workstation, no ROS) and for catkin (robot)."""

import os
from xml.etree import ElementTree

from setuptools import find_packages, setup

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = ElementTree.parse(os.path.join(HERE, "package.xml")).findtext("version")

# The robot runs Ubuntu 20.04's Python 3.8; the last releases for it are pinned beside the current ones.
REQUIRES = [
    "numpy>=1.21,<2",
    "pyyaml",
    "tqdm",
    "scipy",
    "threadpoolctl>=3.1",
    "safetensors",
    "av==12.3.0; python_version<'3.9'",
    "av==17.1.0; python_version>='3.10'",
    "pillow",
    "opencv-contrib-python<4.12",  # the same package that mediapipe brings: two owners of cv2 break each other
    "torch==2.4.1; python_version<'3.9'",
    "torch==2.13.0; python_version>='3.10'",
    "openvino==2024.4.0; python_version<'3.9'",
    "openvino==2026.4.1; python_version>='3.10'",
]
EXTRAS = {
    "mediapipe": [
        "mediapipe==0.10.11; python_version<'3.9' and platform_machine=='x86_64'",
        "mediapipe==0.10.21; python_version>='3.9'",
        "jaxlib<0.7.2; python_version>='3.9'",  # newer ones need NumPy 2: pip would fetch ten of them to find that out
    ],
    "display": ["pygame==2.6.1"],
    "train": [
        "matplotlib",
        "scikit-learn",
        "tensorboard==2.14.0; python_version<'3.9'",
        "tensorboard==2.20.0; python_version>='3.10'",
    ],
    # pyrender 0.1.45 pins an old PyOpenGL that fails without a screen, so it is installed beside, with --no-deps
    # (see Makefile); these are its other dependencies.
    "simulation": [
        "anny==0.6.2; python_version>='3.10'",
        "moderngl==5.13.0; python_version>='3.10'",
        "PyOpenGL>=3.1.7",
        "pyglet<2",
        "freetype-py",
        "imageio",
        "networkx",
        "six",
        "trimesh",
    ],
    # opensim and pose2sim (whose skeleton is the default) ask for NumPy 2, but work with what the others need: they are
    # installed beside, with --no-deps (see Makefile). mediapipe needs protobuf below 5: newer onnx do without it.
    "kinematics": ["onnx==1.17.0", "anny==0.6.2; python_version>='3.10'"],
    # yt-dlp follows the sites it reads: the newest is the only one that works.
    "data": ["yt-dlp[default]"],
    "ray": ["ray==2.10.0; python_version<'3.9'", "ray>=2.40,<3; python_version>='3.10'"],
    "shrink": ["onnx==1.17.0", "nncf==3.4.0; python_version>='3.10'"],
    "benchmark": ["psutil", "dtaidistance>=2.3.11,<3"],
    "identification": [
        "sktime==0.29.1; python_version<'3.9'",
        "sktime>=0.36,<2; python_version>='3.10'",
        "numba==0.58.1; python_version<'3.9'",
        "numba>=0.60,<1; python_version>='3.10'",
        "scikit-learn",
    ],
    "visits": ["sqlalchemy==2.0.58; python_version<'3.9'", "sqlalchemy==2.1.9; python_version>='3.10'"],
    # mediapipe needs protobuf below 5: newer releases of onnx do without it.
    "export": [
        "onnx==1.17.0",
        "onnxruntime==1.19.2; python_version<'3.9'",
        "onnxruntime>=1.20,<2; python_version>='3.10'",
    ],
    "postgresql": ["psycopg[binary]>=3.1,<3.4"],
    "report": ["plotly==7.1.0", "jinja2>=3.1,<4"],
    "test": ["psutil", "pytest", "pytest-cov", "hypothesis", "vermin"],
    "lint": [
        "ruff==0.17.5",
        "mypy==2.4.1; python_version>='3.10'",
        "import-linter==2.17; python_version>='3.10'",
        "types-PyYAML",
        "pre-commit",
    ],
}

setup(
    name="rehab_coach",
    version=VERSION,
    packages=find_packages("src"),
    package_dir={"": "src"},
    python_requires=">=3.8,!=3.9.*",
    install_requires=REQUIRES,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["rehab-coach = rehab_coach.cli.main:main"]},
)
