#!/usr/bin/env python3
"""Time `manifold` stage by stage: microseconds an object of the benchmark set, by kind, the best of many runs.

    python benchmarks/stages.py                 # all stages
    python benchmarks/stages.py --objects 60    # more objects of each kind, for a slower and steadier answer

A stage is run over the same few objects again and again and its best time is told: what the machine does beside that
only adds. Objects are then warm in the processor's caches, so a whole run costs more than the sum; `bench.py` tells that.
Beside reading stands PyYAML's C loader and, where it is installed, beside validation jsonschema-rs, which knows the schema
alone.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import bench
from manifold import api
from manifold.apiserver import constraints, warnings
from manifold.apiserver import create as creating
from manifold.apiserver.faults import Faults
from manifold.apiserver.server import Server, part, room
from manifold.apiserver.store import stored
from manifold.lint.catalogue import choose, known
from manifold.lint.engine import Bundle, Linter
from manifold.model import Document, Source
from manifold.read import read
from manifold.report import _yaml

KINDS = ("Deployment", "Service", "ConfigMap")
Row = dict[str, float]


def best(work: Callable[[], object], seconds: float) -> float:
    """The shortest of the runs that fit into some seconds, in microseconds."""
    shortest, end = float("inf"), time.perf_counter() + seconds
    while True:
        start = time.perf_counter()
        work()
        now = time.perf_counter()
        shortest = min(shortest, now - start)
        if now > end:
            return shortest * 1e6


def _server_stages(asked: Server, bodies: Sequence[dict[str, Any]], seconds: float) -> Row:
    """What the parts of a create cost, each on what the one before made."""
    totals: dict[str, float] = {}
    shortest: dict[str, float] = {}
    end = time.perf_counter() + seconds * 8
    clock = time.perf_counter
    while clock() < end:
        totals.clear()

        def lap(name: str, since: float) -> float:
            now = clock()
            totals[name] = totals.get(name, 0.0) + now - since
            return clock()

        for body in bodies:
            faults = Faults()
            t = clock()
            kind, context = asked._begin(body, "default", faults, "create")
            assert kind is not None and context is not None
            t = lap("begin", t)
            decoded, _ = asked._decode(body, kind, faults)
            t = lap("decode", t)
            asked.default(decoded, context)
            t = lap("default", t)
            creating.prepare(decoded, context, faults)
            t = lap("prepare", t)
            metadata, group = part("validate", "metadata"), part("validate", room(kind.group))
            assert metadata is not None and group is not None
            metadata.create(decoded, context, faults)
            t = lap("metadata", t)
            constraints.check(decoded, context, faults)
            t = lap("constraints", t)
            function = group.CREATE.get(kind.kind)
            if function is not None:
                function(decoded, context, faults)
            t = lap("group", t)
            warnings.look(decoded, None, context, faults)
            lap("warnings", t)
            assert not faults.refused, faults
        for name, spent in totals.items():
            shortest[name] = min(shortest.get(name, float("inf")), spent * 1e6 / len(bodies))
    return shortest


def _peers(kind: str, documents: Sequence[Document], texts: Sequence[str], seconds: float) -> Row:
    import yaml

    row = {
        "(PyYAML's C loader)": best(lambda: [yaml.load(t, Loader=yaml.CSafeLoader) for t in texts], seconds)
        / len(texts)
    }
    if importlib.util.find_spec("jsonschema_rs") is None:
        return row
    import jsonschema_rs

    names = {"Deployment": "deployment-apps-v1", "Service": "service-v1", "ConfigMap": "configmap-v1"}
    schema = json.loads((bench.standalone() / f"{names[kind]}.json").read_bytes())
    validator = jsonschema_rs.validator_for(schema)
    bodies = [d.body for d in documents]
    return row | {"(jsonschema-rs)": best(lambda: [validator.is_valid(b) for b in bodies], seconds) / len(bodies)}


def measure(kind: str, objects: int, seconds: float, peers: bool) -> Row:
    """All stages for one kind of object."""
    files = sorted(bench.make(300).rglob("*.yaml"))[:objects]
    everything = [d for f in files for d in read(Source(str(f), f.read_bytes())).documents]
    documents = [d for d in everything if d.kind == kind]
    pieces = [f.read_text(encoding="utf-8").split("---\n")[KINDS.index(kind)] for f in files]
    sources = [Source("", text.encode()) for text in pieces]
    bodies = [d.body for d in documents]
    asked = api.server()
    for body in bodies:
        assert not asked.create(body).faults.refused
    engine, bundle = Linter(choose(known())), Bundle(everything)
    bundle.prepare()
    answers = [asked.create(body, admit=True) for body in bodies]
    whole = [stored(a) for a in answers]
    count = len(documents)

    def each(work: Callable[[], object]) -> float:
        return best(work, seconds) / count

    row = {"read": each(lambda: [read(s) for s in sources])}
    row |= _server_stages(asked, bodies, seconds)
    row |= {
        "validate in all": each(lambda: [asked.create(b) for b in bodies]),
        "lint": each(lambda: list(engine.run(documents, bundle))),
        "bundle": best(lambda: Bundle(everything).prepare(), seconds) / len(everything),
        "store": each(lambda: [stored(a) for a in answers]),
        "write as YAML": each(lambda: [_yaml.dumps(b) for b in whole]),
    }
    return row | (_peers(kind, documents, pieces, seconds) if peers else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--objects", type=int, default=16, help="objects of each kind")
    parser.add_argument("--seconds", type=float, default=0.3, help="for each stage")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    bench.OUT.mkdir(exist_ok=True)
    gc.disable()  # as the command line does
    rows = {kind: measure(kind, arguments.objects, arguments.seconds, not arguments.no_peers) for kind in KINDS}
    names = list(rows[KINDS[0]])
    print(f"{'microseconds an object':24}" + "".join(f"{k:>12}" for k in KINDS) + f"{'median':>10}{'mean':>10}")
    for name in names:
        values = [rows[k][name] for k in KINDS]
        print(
            f"{name:24}"
            + "".join(f"{v:12.1f}" for v in values)
            + f"{sorted(values)[1]:10.1f}{sum(values) / len(values):10.1f}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
