#!/usr/bin/env python3
"""Time `manifold check` beside kubeconform on the same files, in turn, and tell ratios, cost against size, and memory.

    python benchmarks/bench.py                    # 3,000 files, 9,000 objects; five rounds
    python benchmarks/bench.py --sizes            # 1,000, 10,000 and 100,000 objects as well
    python benchmarks/bench.py --kube-linter      # `manifold lint` beside kube-linter as well, in two layouts
    python benchmarks/bench.py --kube-linter --folder DIRECTORY  # and over manifests of one's own
    python benchmarks/bench.py --preview          # `manifold preview` of 10,000 objects as well

kubeconform (and kube-linter) are built from source into the output folder; schemas come from the installed
kubernetes-validate package, so nothing is fetched while timing. kubeconform validates schemas alone, manifold does that,
the server's further rules, and lint. Wall and CPU seconds and peak memory are the operating system's own accounting of
each finished process; medians are told, and the median of the ratios round by round, which holds when the machine's
speed drifts. manifold is timed three times: as it runs for the first time, its cache emptied before each round; again,
with nothing changed since; and after an edit, the image of one Deployment set anew before each round. manifold's bytecode is compiled before, as pip does when it installs a wheel. Memory is told twice: the
largest single process, and the sum over all processes at once, shared pages shared out among them (Pss).
"""

from __future__ import annotations

import argparse
import compileall
import importlib.util
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

OUT = Path(__file__).resolve().parent / "out"
CACHE = OUT / "cache"
KUBECONFORM = "github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0"
KUBE_LINTER = "golang.stackrox.io/kube-linter/cmd/kube-linter@v0.8.3"
# Where the code of modules with a name of their own is, for proxies that do not know the name.
BEHIND = {"golang.stackrox.io/kube-linter": "github.com/stackrox/kube-linter"}


class Run(NamedTuple):
    wall: float
    cpu: float
    peak: float  # MiB, the largest single process


def application(i: int, random: random.Random) -> str:
    """A Deployment, its Service and its ConfigMap, as a team would write them; some 1.6 KB the Deployment."""
    name, team = f"app-{i}", random.choice(["shop", "billing", "search", "mail"])
    env = "".join(
        f'            - name: SETTING_{j}\n              value: "{random.randrange(10**6)}"\n'
        for j in range(random.randrange(2, 7))
    )
    sidecar = ""
    if random.random() < 0.3:
        sidecar = f"""        - name: proxy
          image: registry.example.com/proxy:{random.randrange(9)}.1
          ports:
            - name: admin
              containerPort: 9901
          resources:
            requests: {{cpu: 50m, memory: 64Mi}}
            limits: {{memory: 128Mi}}
          securityContext: {{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true}}
"""
    return f"""# {name}, owned by {team}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {team}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: {team}
spec:
  replicas: {random.randrange(2, 6)}
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
        app.kubernetes.io/part-of: {team}
      annotations:
        prometheus.io/scrape: "true"
    spec:
      serviceAccountName: {name}
      automountServiceAccountToken: false
      containers:
        - name: {name}
          image: registry.example.com/{team}/{name}:1.{random.randrange(40)}.{random.randrange(9)}
          ports:
            - name: http
              containerPort: 8080
          env:
{env}          envFrom:
            - configMapRef:
                name: {name}
          readinessProbe:
            httpGet: {{path: /ready, port: http}}
          livenessProbe:
            httpGet: {{path: /live, port: http}}
            initialDelaySeconds: 10
          resources:
            requests:
              cpu: {random.randrange(1, 9) * 50}m
              memory: {random.randrange(1, 9) * 64}Mi
            limits:
              cpu: "1"
              memory: 1Gi
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            runAsNonRoot: true
            capabilities: {{drop: [ALL]}}
          volumeMounts:
            - name: tmp
              mountPath: /tmp
{sidecar}      volumes:
        - name: tmp
          emptyDir: {{}}
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: {team}
  labels:
    app.kubernetes.io/name: {name}
spec:
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  namespace: {team}
data:
  LOG_LEVEL: info
  application.yaml: |
    server:
      port: 8080
    feature-{random.randrange(100)}: enabled
"""


def make(files: int, teams: int = 20) -> Path:
    """A folder of that many files of three objects each, in a folder for each team; the same at each run."""
    folder = OUT / (f"set-{files}" if teams == 20 else f"set-{files}-in-{teams}")
    if folder.exists():
        return folder
    part = OUT / f".{folder.name}"
    shutil.rmtree(part, ignore_errors=True)
    for i in range(files):
        file = part / f"team-{i % teams}" / f"app-{i}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(application(i, random.Random(i)))
    part.rename(folder)
    return folder


def standalone() -> Path:
    """Schemas that hold all they refer to, one file a kind, as kubeconform's own collection has them."""
    folder = OUT / "schemas"
    if folder.exists():
        return folder
    spec = importlib.util.find_spec("kubernetes_validate")
    assert spec and spec.submodule_search_locations
    source = Path(spec.submodule_search_locations[0]) / "kubernetes-json-schema" / "v1.37.0-local"
    definitions = json.loads((source / "_definitions.json").read_bytes())["$defs"]

    def needed(name: str, found: dict[str, Any]) -> None:
        if name not in found:
            text = (
                json.dumps(definitions[name])
                .replace("_definitions.json#/$defs/", "#/definitions/")
                .replace("#/$defs/", "#/definitions/")
            )
            found[name] = json.loads(text)
            for other in {part.partition('"')[0] for part in text.split("#/definitions/")[1:]}:
                needed(other, found)

    folder.mkdir()
    for kind in ("deployment-apps-v1", "service-v1", "configmap-v1"):
        group, version = kind.split("-")[1:3] if kind.count("-") == 2 else ("core", "v1")
        wanted = f"io.k8s.api.{group}.{version}.".lower() + kind.split("-")[0]
        name = next(n for n in definitions if n.lower() == wanted)
        found: dict[str, Any] = {}
        needed(name, found)
        schema = {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": found, **found[name]}
        (folder / f"{kind}.json").write_text(json.dumps(schema))
    return folder


def tool(package: str) -> Path | None:
    """A peer built from source, None without Go."""
    name = package.rpartition("/")[2].partition("@")[0]
    program = OUT / "bin" / name
    if not program.exists():
        go = shutil.which("go")
        if go is None:
            print(f"Go is not installed: {name} is left out")
            return None
        path, _, version = package.partition("@")
        module = path.partition("/cmd/")[0]
        folder = OUT / f"build-{name}"
        folder.mkdir(exist_ok=True)
        behind = f"replace {module} => {BEHIND[module]} {version}\n" if module in BEHIND else ""
        (folder / "go.mod").write_text(
            f"module build\n\ngo 1.24\n\ntool {path}\n\nrequire {module} {version}\n{behind}"
        )
        environment = {**os.environ, "GOFLAGS": "-mod=mod"}
        subprocess.run([go, "build", "-o", str(program), path], check=True, cwd=folder, env=environment)
    return program


def run(command: list[str]) -> Run:
    """One process, accounted for by the operating system."""
    start = time.perf_counter()
    with (OUT / "last.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} ended with {process.returncode}: {(OUT / 'last.log').read_text()[-800:]}")
    return Run(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def footprint(command: list[str]) -> float:
    """The most memory that a command's processes take together, in MiB, looked at every 20 ms; 0 where /proc is missing."""
    peak = 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, sum(_share(pid) for pid in _family(process.pid)))
        time.sleep(0.02)
    return peak


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # gone, or no Linux
        return []
    return [pid, *(p for child in children for p in _family(int(child)))]


def _share(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def median(runs: list[Run]) -> Run:
    return Run(*(statistics.median(r[i] for r in runs) for i in range(3)))


def show(name: str, r: Run) -> None:
    print(f"{name:34} wall {r.wall:7.2f} s   cpu {r.cpu:7.2f} s   peak {r.peak:6.0f} MiB")


def forget() -> None:
    """Empty manifold's cache."""
    shutil.rmtree(CACHE, ignore_errors=True)


def edit(folder: Path) -> None:
    """Set the image of one Deployment of a folder of `make` anew."""
    file = folder / "team-0" / "app-0.yaml"
    file.write_text(re.sub(r"(image: \S+:)\S+", rf"\g<1>{random.randrange(10**9)}", file.read_text(), count=1))


def beside(name: str, ours: list[str], theirs: list[str], rounds: int, made: Path | None) -> dict[str, Any]:
    """All in turn, with the ratio of each round, as the first run, the second, and the one after an edit of what is `made` here."""
    peer = Path(theirs[0]).name
    run(ours)
    run(theirs)  # warm caches of the file system and of .pyc files
    ways = ["first run", "again", *(["after an edit"] if made else [])]
    runs: dict[str, list[Run]] = {way: [] for way in (*ways, peer)}
    for _ in range(rounds):
        forget()
        runs["first run"].append(run(ours))
        runs[peer].append(run(theirs))
        runs["again"].append(run(ours))
        if made:
            edit(made)
            runs["after an edit"].append(run(ours))
    print(f"{name}:")
    for which, there in runs.items():
        show(f"  {which}", median(there))
    result: dict[str, Any] = {}
    for which in ways:
        pairs = list(zip(runs[which], runs[peer], strict=True))
        wall, cpu = (statistics.median(getattr(x, f) / getattr(y, f) for x, y in pairs) for f in ("wall", "cpu"))
        print(f"  {which} beside {peer}: wall x {wall:.2f}, cpu x {cpu:.2f} (below 1: manifold is faster)")
        result[which] = {"wall": round(wall, 3), "cpu": round(cpu, 3)}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--sizes", action="store_true", help="cost against size: 1,000, 10,000 and 100,000 objects")
    parser.add_argument("--kube-linter", action="store_true")
    parser.add_argument("--folder", type=Path, help="manifests of one's own, for `lint` beside kube-linter")
    parser.add_argument("--preview", action="store_true")
    parser.add_argument("--manifold", type=Path, default=Path(sys.executable).parent / "manifold")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    package = importlib.util.find_spec("manifold")
    assert package and package.submodule_search_locations
    compileall.compile_dir(package.submodule_search_locations[0], quiet=2)
    manifold = str(arguments.manifold)
    os.environ["MANIFOLD_CACHE_DIR"] = str(CACHE)
    folder = make(arguments.files)
    result: dict[str, Any] = {"objects": arguments.files * 3}

    one = str(folder / "team-0" / "app-0.yaml")
    for name, command in (
        ("manifold --version", [manifold, "--version"]),
        ("manifold check one file", [manifold, "check", one]),
    ):
        run(command)
        r = median([run(command) for _ in range(max(9, arguments.rounds))])
        show(name, r)
        result[name] = {"wall_ms": round(r.wall * 1000)}

    schemas = standalone()
    peer = tool(KUBECONFORM)
    if peer is not None:
        location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
        theirs = [str(peer), "-schema-location", location, "-summary", str(folder)]
        result["check / kubeconform"] = beside(
            "check", [manifold, "check", "-q", str(folder)], theirs, arguments.rounds, folder
        )
    if arguments.kube_linter:
        peer = tool(KUBE_LINTER)
        # kube-linter knows of one another what lies in one folder, manifold all that it is given: told for folders of
        # teams, and for all in one, as a rendered chart or a kustomization comes.
        flat = make(arguments.files, 1)
        sets: list[tuple[str, Path, Path | None]] = [("in folders", folder, folder), ("in one folder", flat, flat)]
        if arguments.folder:
            sets.append((arguments.folder.name, arguments.folder, None))
        for name, place, made in sets if peer is not None else ():
            result[f"lint {name} / kube-linter"] = beside(
                f"lint, {name}",
                [manifold, "lint", "-q", str(place)],
                [str(peer), "lint", str(place)],
                max(1, arguments.rounds // 2),
                made,
            )
    if arguments.sizes:
        base = 0.0
        for files in (334, 3334, 33334):
            r = median(
                [
                    run([manifold, "check", "-q", "--no-cache", str(make(files))])
                    for _ in range(3 if files < 30000 else 1)
                ]
            )
            show(f"check {files * 3} objects", r)
            each = r.cpu / files / 3 * 1e6
            print(
                f"{'':34} {each:.0f} us of CPU an object" + (f", x {each / base:.2f} of that of 1,000" if base else "")
            )
            base = base or each
            result[f"check {files * 3}"] = {"cpu_us_per_object": round(each), "peak_mib": round(r.peak)}
        for jobs in (1, 2):
            total = footprint([manifold, "check", "-q", "--no-cache", f"-j{jobs}", str(make(33334))])
            print(f"{'':34} {total:.0f} MiB by all processes together with -j{jobs}")
            result[f"check 100002, -j{jobs}"] = {"peak_mib_of_all": round(total)}
    if arguments.preview:
        command = [manifold, "preview", str(make(3334))]
        r = median([run(command) for _ in range(arguments.rounds)])
        show("preview 10002 objects", r)
        result["preview 10002"] = {"wall_s": round(r.wall, 2), "cpu_s": round(r.cpu, 2)}
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
