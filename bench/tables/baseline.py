"""Figures of scikit-learn's networks on the hold-outs of these tables; prints JSON. README.md says how rows divide.

Usage: /usr/bin/python3 bench/tables/baseline.py > bench/tables/baseline.json
"""
import hashlib
import json
import pathlib
import sys
import warnings

import numpy as np
import pandas as pd
import sklearn
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FOLDER = pathlib.Path(__file__).parent
SPLITS = 5


def held_out(rows, split):
    order = sorted(range(rows), key=lambda row: hashlib.sha256(f"{split}:{row}".encode()).hexdigest())
    return set(order[: rows // 4])


def read(file):
    path = FOLDER / file
    # "None" is a class of birdstrikes.csv; pandas leaves it as it is.
    return pd.read_json(path) if path.suffix == ".json" else pd.read_csv(path)


def features(table):
    numbers = list(table.select_dtypes("number").columns)
    words = [column for column in table.columns if column not in numbers]
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (
                "words",
                make_pipeline(
                    SimpleImputer(strategy="constant", fill_value="missing"),
                    OneHotEncoder(handle_unknown="ignore"),
                ),
                words,
            ),
        ],
        sparse_threshold=0,
    )


def classifier(train, test, target, split):
    x, y = train.drop(columns=target), train[target]
    model = make_pipeline(features(x), MLPClassifier(random_state=split))
    model.fit(x, y)
    answers = model.predict(test.drop(columns=target))
    figures = {
        "accuracy": accuracy_score(test[target], answers),
        "mostFrequent": float((test[target] == y.value_counts().index[0]).mean()),
    }
    if y.nunique() == 2:
        scores = model.predict_proba(test.drop(columns=target))[:, 1]
        figures["auc"] = roc_auc_score(test[target] == model.classes_[1], scores)
    return figures


def regressor(train, test, target, split):
    x, y = train.drop(columns=target), train[target]
    network = TransformedTargetRegressor(MLPRegressor(random_state=split), transformer=StandardScaler())
    model = make_pipeline(features(x), network)
    model.fit(x, y)
    return {"r2": r2_score(test[target], model.predict(test.drop(columns=target)))}


def main():
    warnings.filterwarnings("ignore")
    result = {"scikit-learn": sklearn.__version__, "tables": {}}
    for entry in json.loads((FOLDER / "tables.json").read_text()):
        table = read(entry["file"])
        runs = []
        for split in range(1, SPLITS + 1):
            out = held_out(len(table), split)
            mask = np.array([row in out for row in range(len(table))])
            train = table[~mask].dropna(subset=[entry["target"]])
            test = table[mask].dropna(subset=[entry["target"]])
            run = (classifier if entry["task"] == "classes" else regressor)(train, test, entry["target"], split)
            runs.append({name: round(float(value), 4) for name, value in run.items()})
        result["tables"][entry["file"]] = runs
        print(entry["file"], runs, file=sys.stderr)
    print(json.dumps(result, indent=2))


main()
