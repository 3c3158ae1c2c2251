"""A BentoML service that logs its predictions with bentoml.monitor."""

import bentoml
import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

data = load_iris()
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]


@bentoml.service
class Iris:
    def __init__(self) -> None:
        self.model = LogisticRegression(max_iter=500).fit(data.data, data.target)

    @bentoml.api
    def classify(self, row: list[float]) -> str:
        probabilities = self.model.predict_proba(np.array([row]))[0]
        answer = str(data.target_names[probabilities.argmax()])
        with bentoml.monitor("iris") as monitor:
            for name, value in zip(NAMES, row):
                monitor.log(value, name=name, role="feature", data_type="numerical")
            monitor.log(answer, name="pred", role="prediction", data_type="categorical")
            monitor.log([float(one) for one in probabilities], name="proba", role="prediction", data_type="numerical_sequence")
        return answer
