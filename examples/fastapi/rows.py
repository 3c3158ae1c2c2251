"""The data set that comes with scikit-learn, as rows: ten measurements of a tumour, and whether it was malignant."""

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

_data = load_breast_cancer()

MODEL = "tumours"
VERSION = "1"
FEATURES = [str(name).replace(" ", "_") for name in _data.feature_names[:10]]
CLASSES = [str(name) for name in _data.target_names]

_classes = [CLASSES[target] for target in _data.target]

# Half to train on, half to play requests from: what a model was trained on says nothing about how it will do.
TRAINING_ROWS, TRAFFIC_ROWS, TRAINING_CLASSES, TRAFFIC_CLASSES = train_test_split(
    _data.data[:, :10], _classes, test_size=0.5, stratify=_classes, random_state=1
)
