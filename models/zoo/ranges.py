"""Worst cases of the accumulators, and the sizes of the lookup tables they ask for."""

import numpy as np

from architecture import Network


def layer_ranges(network: Network, weights: list[dict]) -> list[dict]:
    """Per layer: `D`, and the least and greatest accumulator over all u8 inputs and all channels."""
    rows = []
    for i, (layer, p) in enumerate(zip(network.layers, weights)):
        weight = p["weight"].reshape(layer.shape[0], -1).astype(np.int64)
        low = (np.minimum(weight, 0).sum(1) * 255 + p["bias"]).min()
        high = (np.maximum(weight, 0).sum(1) * 255 + p["bias"]).max()
        divisor = network.divisor(i)
        largest = (np.abs(weight).sum(1) * 255 + np.abs(p["bias"])).max()
        rows.append({
            "layer": layer.name, "divisor": divisor, "low": int(low), "high": int(high),
            "span": -(-int(high - low) // divisor), "largest": int(largest), "weight": int(np.abs(weight).max()),
        })
    return rows


def report(network: Network, weights: list[dict]) -> dict:
    """The ranges and the table total: `2D` for every distinct `D`, the widest Relu layer, the last layer."""
    rows = layer_ranges(network, weights)
    rounding = sum(2 * d for d in {row["divisor"] for row in rows})
    relu = max(row["span"] for row in rows[:-1])
    total = rounding + relu + rows[-1]["span"]
    for row in rows:
        assert 2 <= row["divisor"] <= 1 << 11, f"{row['layer']}: divisor {row['divisor']} outside 2..2^11"
        assert row["largest"] < 1 << 24, f"{row['layer']}: |acc| may reach {row['largest']}, limit 2^24"
    assert total < network.table_limit, f"{network.name}: tables of {total} entries, limit {network.table_limit}"
    return {"layers": rows, "rounding": rounding, "relu": relu, "last": rows[-1]["span"], "tables": total}
