"""A scoring service that tells driftwatch what it was asked, what it answered, and later what was true."""

import math
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

import joblib
from fastapi import FastAPI, Request
from pydantic import AwareDatetime, BaseModel, Field

sys.path.insert(0, str(Path(__file__).parent.parent / "producer-python"))
import driftwatch_events  # noqa: E402
import rows  # noqa: E402
from sender import Sender, over_http, over_kafka  # noqa: E402

model = joblib.load(Path(__file__).parent / "model.joblib")
MALIGNANT = list(model.classes_).index("malignant")


def deliver():
    brokers = os.environ.get("KAFKA_BROKERS")
    if brokers:
        return over_kafka(brokers)
    return over_http(os.environ.get("DRIFTWATCH_URL", "http://127.0.0.1:8080"), os.environ.get("DRIFTWATCH_TOKEN"))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.sender = Sender(deliver())
    yield
    app.state.sender.close()


app = FastAPI(title=rows.MODEL, lifespan=lifespan)


class Asked(BaseModel):
    features: dict[str, float | None]
    id: str = Field(default_factory=lambda: str(uuid.uuid4()), min_length=1, max_length=512)
    # For requests that are played again; live ones leave it out.
    time: AwareDatetime | None = None


class Truth(BaseModel):
    id: str = Field(min_length=1, max_length=512)
    label: Literal["malignant", "benign"]
    time: AwareDatetime | None = None


@app.post("/predict")
def predict(asked: Asked, request: Request) -> dict:
    started = time.perf_counter()
    # A value that was not sent is not a number to the model, and missing to driftwatch.
    values = [asked.features.get(name) for name in rows.FEATURES]
    scores = model.predict_proba([[math.nan if value is None else value for value in values]])[0]
    answer = str(model.classes_[scores.argmax()])
    request.app.state.sender.offer(
        driftwatch_events.prediction,
        id=asked.id,
        model=rows.MODEL,
        version=rows.VERSION,
        time=asked.time or datetime.now(timezone.utc),
        features=dict(zip(rows.FEATURES, values)),
        prediction=answer,
        score=scores[MALIGNANT],
        latency_ms=(time.perf_counter() - started) * 1000,
        task="binary",
    )
    return {"id": asked.id, "prediction": answer, "score": float(scores[MALIGNANT])}


@app.post("/truth", status_code=202)
def truth(known: Truth, request: Request) -> dict:
    at = known.time or datetime.now(timezone.utc)
    request.app.state.sender.offer(driftwatch_events.label, id=known.id, model=rows.MODEL, label=known.label, time=at, task="binary")
    return {}


@app.get("/events")
def events(request: Request) -> dict:
    return {**request.app.state.sender.counts, "waiting": request.app.state.sender.waiting()}
