"""Logistic regression on scikit-learn's own breast cancer data."""

import json
import os
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

config = {"C": 1.0, "seed": 1, **json.loads(os.environ.get("WANDB_CONFIG", "{}"))}

features, labels = load_breast_cancer(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(
    features, labels, test_size=0.25, random_state=config["seed"], stratify=labels
)
model = make_pipeline(StandardScaler(), LogisticRegression(C=config["C"], max_iter=500))
model.fit(train_x, train_y)

metrics = {
    "accuracy": round(float(model.score(test_x, test_y)), 4),
    "loss": round(float(log_loss(test_y, model.predict_proba(test_x))), 4),
}
print(f"C {config['C']}  accuracy {metrics['accuracy']}  loss {metrics['loss']}")
Path(os.environ.get("LAUNCH_OUTPUT_DIR", "."), "metrics.json").write_text(json.dumps(metrics) + "\n")
