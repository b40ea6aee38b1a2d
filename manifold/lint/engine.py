"""Rules applied to objects: the places that a rule speaks of are found once an object, and each check sees only these."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, Protocol

from manifold import references
from manifold.k8s import others, pods
from manifold.k8s.selectors import matches, plain_matches, written
from manifold.lint.catalogue import Rule
from manifold.lint.expectations import MISSING, Expectations, Unmet
from manifold.lint.layout import changed, makes, units
from manifold.model import (
    INTERNAL_ERROR,
    Diagnostic,
    Document,
    Glance,
    Kustomization,
    ObjectId,
    Origin,
    Path,
    Severity,
    spell,
)
from manifold.references import Reference

Body = Mapping[str, Any]
Selectors = dict[tuple[str, str, str], list[tuple["Subject", Body]]]
Named = dict[str, list["Placed"]]
"""Objects of a kind by name."""
CLUSTER = "*"
MOST_PEERS = 200
WORKLOADS = frozenset(
    (
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "Job",
        "CronJob",
        "Pod",
        "PodTemplate",
    )
)


class Finding(NamedTuple):
    """What a check says: where, and what stands in the message's braces."""

    path: Path
    words: Mapping[str, Any] = {}
    message: str = ""


class Placed(NamedTuple):
    """An object as others see it, the unit that it belongs to, and its namespace as written."""

    unit: str
    namespace: str
    document: Document

    @property
    def body(self) -> Body:
        return others.visible(self.document.body)


class Subject:
    """One object as checks see it, with its Pod spec and containers, found once."""

    __slots__ = ("_identity", "_labels", "_ports", "_qos", "_references", "body", "containers", "document", "group", "kind", "main", "name", "namespace", "pod", "pod_path", "written")  # fmt: skip

    def __init__(self, document: Document) -> None:
        self.document = document
        self.body: Body = document.body
        self.group, self.kind, self.written, self.name = document.key()
        self.namespace = self.written or "default"
        self.pod: Body | None = None
        self.pod_path: Path = ()
        self.containers: list[tuple[Body, Path]] = []
        """Init containers and containers, each with its path."""
        self.main: list[tuple[Body, Path]] = []
        self._labels: dict[str, str] | None = None
        self._ports: tuple[str, ...] | None = None
        self._references: list[Reference] | None = None
        self._identity: ObjectId | None = None
        self._qos: pods.QoS | None = None

    @property
    def identity(self) -> ObjectId:
        """What a report says of it."""
        if self._identity is None:
            self._identity = ObjectId.of(self.body)
        return self._identity

    @property
    def template(self) -> Body:
        found = pods.template(self.body, pods.held())
        return found[0] if found else {}

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the Pods that it makes."""
        if self._labels is None:
            noted = self.document.glance
            labels = None if noted is None else noted.labels
            if labels is None:
                labels = dict((self.template.get("metadata") or {}).get("labels") or {})
            self._labels = labels
        return self._labels

    @property
    def ports(self) -> tuple[str, ...]:
        """The names of the ports of its containers."""
        if self._ports is None:
            self._ports = others.glance(self.body).ports
        return self._ports

    @property
    def qos(self) -> pods.QoS:
        """The class that its Pods get; only of what has a Pod spec. Raises ValueError for a quantity that is none."""
        if self._qos is None:
            assert self.pod is not None
            self._qos = pods.qos_class(pods.defaulted(self.pod))
        return self._qos

    @property
    def references(self) -> Sequence[Reference]:
        """What it points at."""
        if self._references is None:
            pod = None if self.pod is None else (self.pod, self.pod_path)
            self._references = list(references.of(self.document, pod))
        return self._references


class Distant(Subject):
    """An object as others see it that are looked at: opened anew at each look, so that it takes no room meanwhile."""

    __slots__ = ()

    def __init__(self, document: Document) -> None:
        self.document = document
        self.group, self.kind, self.written, self.name = document.key()
        self.namespace = self.written or "default"
        self._labels = self._ports = self._references = self._identity = self._qos = None

    body = property(lambda s: others.visible(s.document.body))
    pod = property(lambda s: s._near.pod)
    pod_path = property(lambda s: s._near.pod_path)
    containers = property(lambda s: s._near.containers)
    main = property(lambda s: s._near.main)
    references = property(lambda s: s._near.references)

    @property
    def _near(self) -> Subject:
        return subject(self.document.with_body(others.visible(self.document.body)))


def distant(document: Document) -> Subject:
    """An object for others to see."""
    noted = glance(document)
    out = Distant(document)
    out._labels, out._ports = noted.labels, noted.ports  # most of what others ask
    return out


def glance(document: Document) -> Glance:
    """What others ask of an object most, noted when it was read or seen now."""
    return document.glance or others.glance(document.body)


def subject(document: Document) -> Subject:
    """An object prepared for checks; what is misshapen is left out, for the server will say so."""
    out = Subject(document)
    sort = out.group, out.kind
    path = pods.held().get(sort)
    if path is None:
        return out
    pod: Any = out.body
    for part in (*path, "spec"):
        pod = pod.get(part) if type(pod) is dict or isinstance(pod, Mapping) else None
    if not isinstance(pod, Mapping):
        if sort not in pods.TEMPLATES or not isinstance(out.body.get("spec"), dict):
            return out
        pod = {}  # of a workload without a template, as the API types read it
    out.pod = pod
    out.pod_path = at = (*path, "spec")
    out.main = _containers(pod, at, "containers")
    out.containers = [*_containers(pod, at, "initContainers"), *out.main] if "initContainers" in pod else out.main
    return out


def _containers(pod: Body, at: Path, part: str) -> list[tuple[Body, Path]]:
    return [(c, (*at, part, i)) for i, c in enumerate(_items(pod.get(part))) if isinstance(c, dict)]


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


class Bundle:
    """All objects that are looked at together, for checks that ask who matches whom."""

    def __init__(
        self,
        documents: Sequence[Document],
        cluster: Iterable[Body] = (),
        version: str = "",
        kustomizations: Sequence[Kustomization] = (),
    ) -> None:
        self.documents = documents
        self.version = version
        """The release asked for; empty for the newest."""
        self._cluster = list(cluster)
        self._kustomizations = kustomizations
        self._asked: tuple[Subject | None, Mapping[str, Any], list[Subject]] = None, {}, []
        self._placed: dict[tuple[str, str], Named] = {}
        self._placed_beside: dict[tuple[str, str], dict[str, Named]] = {}
        self._of: dict[str, list[Subject]] = {}
        self._called: dict[str, dict[tuple[str, str], list[Subject]]] = {}
        self.whole = bool(self._cluster)
        """The cluster is known: what is neither there nor here is missing."""

    @cached_property
    def pod_level(self) -> bool:
        """Whether the release lets the Pod as a whole ask for resources; before, the field was dropped."""
        from manifold.apiserver import features
        from manifold.apiserver.schema import load

        return features.enabled("PodLevelResources", load(self.version or None).release)

    @cached_property
    def _units(self) -> dict[str, str]:
        return units(self.documents, self._kustomizations)

    def unit(self, document: Document) -> str:
        """What is applied together with an object: manifests of the same unit; the cluster is one of its own."""
        return self._units.get(document.source, CLUSTER)

    @cached_property
    def _documents(self) -> dict[str, list[Document]]:
        """The manifests by kind: what else is asked of a kind is looked up when somebody asks for it."""
        out: dict[str, list[Document]] = {}
        for document in self.documents:
            out.setdefault(document.kind, []).append(document)
        return out

    def _there(self, kind: str) -> list[Document]:
        """The cluster's objects of a kind."""
        return [d for d in self._extra if d.kind == kind]

    def of_kind(self, group: str, kind: str) -> Named:
        """The objects of a kind among the manifests and the cluster's objects, by name."""
        found = self._placed.get((group, kind))
        if found is None:
            found = self._placed[group, kind] = {}
            for unit, document in (
                *((CLUSTER, d) for d in self._there(kind)),
                *((self.unit(d), d) for d in self._documents.get(kind, ())),
            ):
                key = document.key()
                if key.group == group:
                    found.setdefault(key.name, []).append(Placed(unit, key.namespace, document))
        return found

    def beside(self, document: Document, group: str, kind: str) -> Named:
        """The objects of a kind that are applied together with a document, or are in the cluster, by name."""
        found = self._placed_beside.get((group, kind))
        if found is None:
            found = self._placed_beside[group, kind] = {}
            for name, everywhere in self.of_kind(group, kind).items():
                for placed in everywhere:
                    found.setdefault(placed.unit, {}).setdefault(name, []).append(placed)
        own, there = found.get(self.unit(document), {}), found.get(CLUSTER, {})
        if not own or not there or own is there:
            return own or there
        return {name: [*own.get(name, ()), *there.get(name, ())] for name in (*own, *there)}

    @cached_property
    def _generated(self) -> frozenset[tuple[str, str]]:
        return frozenset(pair for k in self._kustomizations for pair in k.generated)

    def generated(self, kind: str, name: str) -> bool:
        """Whether a kustomization makes an object of that kind and name."""
        return (kind, name) in self._generated

    @cached_property
    def _making(self) -> frozenset[str]:
        return changed(self._kustomizations) | {
            self.unit(d) for d in self.documents if d.kind == "CustomResourceDefinition" or makes(d.api_version)
        }

    def making(self, document: Document) -> bool:
        """Whether there is more than the files tell: operators of the custom resources beside an object, patches of a kustomization."""
        return self.unit(document) in self._making

    def rendered(self, document: Document) -> bool:
        """Whether a kustomization lists the file of an object, and may give it another namespace."""
        return self.unit(document).startswith("kustomization ")

    def peers(self, subject: Subject) -> list[Subject]:
        """Workloads among which a selector should find some: of its unit, or of the cluster if that is known.

        Empty where there are none, or where operators may make more; the first MOST_PEERS, which will do to name the nearest.
        """
        if not self.whole and self.making(subject.document):
            return []
        unit = self._workloads_by_unit.get(self.unit(subject.document), ())
        there: Iterable[Subject] = self._all_workloads if self.whole else unit
        return list(islice((w for w in there if together(w, subject)), MOST_PEERS))

    @cached_property
    def _workloads_by_unit(self) -> dict[str, list[Subject]]:
        out: dict[str, list[Subject]] = {}
        for w in self._all_workloads:
            out.setdefault(self.unit(w.document), []).append(w)
        return out

    @cached_property
    def _all_workloads(self) -> list[Subject]:
        return [s for found in self.workloads.values() for s in found]

    def workloads_with(self, subject: Subject) -> Iterator[Subject]:
        """The workloads that may share a namespace with an object."""
        return (w for w in self._all_workloads if together(w, subject))

    def targets(self, reference: Reference) -> list[Body]:
        """What a reference means among what is applied with its object; what the cluster has, if that is all."""
        key = reference.target
        fitting = [
            p
            for p in self.of_kind(key.group, key.kind).get(key.name, ())
            if reference.unplaced or not p.namespace or p.namespace == key.namespace
        ]
        unit = self.unit(reference.document)
        return [p.body for p in fitting if p.unit == unit] or [p.body for p in fitting if p.unit == CLUSTER]

    @cached_property
    def _by_value(self) -> dict[tuple[str, Any], list[Subject]]:
        out: dict[tuple[str, Any], list[Subject]] = {}
        for w in self._all_workloads:
            for pair in w.labels.items():
                if isinstance(pair[1], str):
                    out.setdefault(pair, []).append(w)
        return out

    def selected(self, subject: Subject, selector: Mapping[str, Any]) -> Sequence[Subject]:
        """The workloads that a label selector (matchLabels, matchExpressions) of an object may select, wherever they are.

        What controllers put on Pods themselves does not count.
        """
        if subject is self._asked[0] and selector == self._asked[1]:  # two rules ask of each Service
            return self._asked[2]
        given, selector = selector, written(selector)
        labels = selector["matchLabels"]
        among: Sequence[Subject] = self._all_workloads
        for pair in labels.items():
            found = self._by_value.get(pair, ()) if isinstance(pair[1], str) else ()
            among = found if len(found) < len(among) else among
        space = subject.written
        found = [w for w in among if not space or w.written == space or not w.written]
        if found and (len(labels) != 1 or selector["matchExpressions"]):  # of one label the index has told all
            found = [w for w in found if matches(selector, w.labels)]
        self._asked = subject, given, found
        return found

    @cached_property
    def _extra(self) -> list[Document]:
        return [Document("", 0, dict(b)) for b in self._cluster]

    @cached_property
    def subjects(self) -> list[Subject]:
        """All objects."""
        return [distant(d) for d in (*self.documents, *self._extra)]

    def of(self, kind: str) -> Sequence[Subject]:
        """The objects of a kind, whatever the group."""
        found = self._of.get(kind)
        if found is None:
            found = self._of[kind] = [distant(d) for d in (*self._documents.get(kind, ()), *self._there(kind))]
        return found

    def prepare(self) -> None:
        """Look through all objects now, before processes part that would each do it again."""
        _ = self._documents, self._making, self._by_value, self._by_label, self._workloads_by_unit, self._scalers

    @cached_property
    def workloads(self) -> dict[str, list[Subject]]:
        """Objects that make Pods, by namespace."""
        out: dict[str, list[Subject]] = {}
        holders = pods.holders()
        for document in (*self.documents, *self._extra):
            if document.kind in holders and document.kind != "PodTemplate" and glance(document).pod:
                s = distant(document)
                out.setdefault(s.namespace, []).append(s)
        return out

    @cached_property
    def _by_label(self) -> dict[tuple[str, str, str], list[Subject]]:
        out: dict[tuple[str, str, str], list[Subject]] = {}
        for namespace, found in self.workloads.items():
            for s in found:
                for key, value in s.labels.items():
                    if isinstance(value, str):
                        out.setdefault((namespace, key, value), []).append(s)
        return out

    def candidates(self, namespace: str, labels: Mapping[str, Any]) -> Sequence[Subject]:
        """The workloads of a namespace that have one of these labels; all of them where there are none to go by."""
        for key, value in labels.items():
            return self._by_label.get((namespace, key, value), ()) if isinstance(value, str) else ()
        return self.workloads.get(namespace, ())

    def called(self, kind: Any, namespace: str, name: Any) -> Sequence[Subject]:
        """The objects at hand of a kind, a namespace and a name, whatever the group."""
        if not isinstance(name, str) or not isinstance(kind, str):
            return ()
        found = self._called.get(kind)
        if found is None:
            found = self._called[kind] = {}
            for s in self.of(kind):
                # What a cluster-wide object says of a namespace does not count.
                space = "default" if kind == "ClusterRole" else s.namespace
                found.setdefault((space, s.name), []).append(s)
        return found.get((namespace, name), ())

    def selecting(self, subject: Subject, kind: str, field: str) -> list[Subject]:
        """The objects of a kind in the namespace of a workload whose label selector at `spec.<field>` selects its Pods."""
        index = self._selectors.get((kind, field))
        if index is None:
            index = self._selectors[kind, field] = self._indexed(kind, field)
        space, labels = subject.namespace, subject.labels
        among = [*index.get((space, "", ""), ())]
        for key, value in labels.items():
            among += index.get((space, key, value), ()) if isinstance(value, str) else ()
        return [s for s, selector in among if matches(selector, labels)]

    def _indexed(self, kind: str, field: str) -> Selectors:
        """Objects with their selectors, by namespace and the first label that they ask for, which is empty where there is none."""
        out: Selectors = {}
        for s in self.of(kind):
            selector = (s.body.get("spec") or {}).get(field)
            if selector is None and kind == "NetworkPolicy":
                selector = {}  # no pointer in the API: what is left out selects all
            if isinstance(selector, Mapping):
                asked = (selector.get("matchLabels") or {}).items()
                key, value = next((pair for pair in asked if isinstance(pair[1], str)), ("", ""))
                out.setdefault((s.namespace, key, value), []).append((s, selector))
        return out

    @cached_property
    def _selectors(self) -> dict[tuple[str, str], Selectors]:
        return {}

    @cached_property
    def _labelled(self) -> dict[tuple[str, Any], list[Subject]]:
        out: dict[tuple[str, Any], list[Subject]] = {}
        for s in self.of("Service"):
            for key, value in ((s.body.get("metadata") or {}).get("labels") or {}).items():
                if isinstance(value, str):
                    out.setdefault((key, value), []).append(s)
        return out

    def services_labelled(self, selector: Body) -> Sequence[Subject]:
        """The Services at hand that a label selector may select: those with a label that it asks for, if it asks for one."""
        asked = (selector.get("matchLabels") or {}).items()
        pair = next((p for p in asked if isinstance(p[1], str)), None)
        return self.of("Service") if pair is None else self._labelled.get(pair, ())

    @cached_property
    def _services(self) -> Selectors:
        """The Services at hand with their selectors, by namespace and the first label that they select."""
        out: Selectors = {}
        for s in self.of("Service"):
            selector = (s.body.get("spec") or {}).get("selector") or {}
            for key, value in selector.items():
                out.setdefault((s.namespace, key, str(value)), []).append((s, selector))
                break
        return out

    def services_of(self, subject: Subject) -> list[Subject]:
        """The Services at hand that select the Pods of a workload."""
        labels, services = subject.labels, self._services
        return [
            s
            for key, value in labels.items()
            for s, selector in services.get((subject.namespace, key, str(value)), ())
            if plain_matches(selector, labels)
        ]

    @cached_property
    def _scalers(self) -> dict[tuple[str, str, str], Subject]:
        out = {}
        for s in self.of("HorizontalPodAutoscaler"):
            target = (s.body.get("spec") or {}).get("scaleTargetRef") or {}
            out[s.namespace, str(target.get("kind")), str(target.get("name"))] = s
        return out

    @cached_property
    def definitions(self) -> dict[str, dict[str, set[str]]]:
        """The versions of each kind, by group, that the definitions at hand serve."""
        out: dict[str, dict[str, set[str]]] = {}
        for s in self.of("CustomResourceDefinition"):
            spec = s.body.get("spec") or {}
            kind = (spec.get("names") or {}).get("kind")
            versions = [v for v in spec.get("versions") or () if isinstance(v, dict) and v.get("served", True)]
            if isinstance(kind, str) and versions:
                served = out.setdefault(str(spec.get("group")), {}).setdefault(kind, set())
                served |= {str(v.get("name")) for v in versions}
        return out

    @cached_property
    def scalers(self) -> dict[tuple[str, str], list[Subject]]:
        """The autoscalers at hand by the kind and name of their target."""
        out: dict[tuple[str, str], list[Subject]] = {}
        for s in self.of("HorizontalPodAutoscaler"):
            target = (s.body.get("spec") or {}).get("scaleTargetRef") or {}
            out.setdefault((str(target.get("kind")), str(target.get("name"))), []).append(s)
        return out

    @cached_property
    def budgets(self) -> dict[int, list[Subject]]:
        """The disruption budgets at hand by the id of the document of each workload that they cover."""
        out: dict[int, list[Subject]] = {}
        for s in self.of("PodDisruptionBudget"):
            selector = (s.body.get("spec") or {}).get("selector")
            for w in self.selected(s, selector) if isinstance(selector, dict) else ():
                out.setdefault(id(w.document), []).append(s)
        return out

    def scaled(self, subject: Subject) -> Subject | None:
        """The autoscaler at hand that targets a workload."""
        return self._scalers.get((subject.namespace, subject.kind, subject.name))

    def least_replicas(self, subject: Subject) -> int | None:
        """How few Pods a workload may have: what its autoscaler keeps, or its replicas; None where it has no count."""
        scaler = self.scaled(subject)
        if scaler is not None:
            least = (scaler.body.get("spec") or {}).get("minReplicas", 1)
        elif subject.kind in ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "DeploymentConfig"):
            least = (subject.body.get("spec") or {}).get("replicas", 1)
        else:
            return None
        return least if isinstance(least, int) else None

    def role(self, subject: Subject, ref: Body) -> Subject | None:
        """The role at hand that the roleRef of a binding names."""
        space = "default" if ref.get("kind") == "ClusterRole" else subject.namespace
        return next(iter(self.called(ref.get("kind"), space, ref.get("name"))), None)


def together(a: Subject, b: Subject) -> bool:
    """Whether two objects may be in one namespace: where one names none, nobody can tell that they are not."""
    return not a.written or not b.written or a.written == b.written


class Check(Protocol):
    """A check in code: what is wrong with one object, given all of them and the rule's parameters.

    Its module may have a `concerns(api_version, kind, parameters)` as well: where that is false, it never finds anything
    in objects of a kind, and is not asked.
    """

    def __call__(self, subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterable[Finding]: ...


Unless = Callable[[Subject, Bundle], bool]
Teller = Callable[[Subject, Sequence[Unmet]], Iterable[Finding]]
EVERYWHERE: Mapping[str, Any] = {"not": {}}
"""What nothing meets: all places of a rule are looked at."""
NOTHING: Mapping[str, Any] = {"type": "null"}
"""What only an empty place meets: a check is asked where something is there."""


class Ready(NamedTuple):
    """A rule, ready to run: it tells of the places where what it expects is not met, or its check is asked."""

    rule: Rule
    tell: Teller | None
    check: Check
    parameters: Mapping[str, Any]
    unless: Unless | None

    def found(self, s: Subject, bundle: Bundle, unmet: Sequence[Unmet]) -> Iterable[Finding]:
        """What the rule finds, given its places that fail."""
        if self.tell is None:
            return self.check(s, bundle, self.parameters) if unmet or not self.rule.when else ()
        if not unmet or (self.unless is not None and self.unless(s, bundle)):
            return ()
        return self.tell(s, unmet)


def _ready(rule: Rule, settings: Mapping[str, Any]) -> Ready:
    parameters = {**rule.parameters, **settings}
    amounts = parameters.get("unless-pod")
    unless = _told_by_pod(amounts) if amounts else None
    if rule.expect is not None:
        return Ready(rule, _unexpected, _nothing, parameters, unless)
    if rule.cel:
        return Ready(rule, _evaluating(rule, parameters), _nothing, parameters, unless)
    check: Check = _module(rule).check
    return Ready(rule, None, _silent(check, unless) if unless else check, parameters, None)


def _module(rule: Rule) -> Any:
    return importlib.import_module(f"manifold.lint.checks.{rule.uses.replace('-', '_')}")


def _concerns(ready: Ready, api_version: str, kind: str) -> bool:
    """Whether a rule may find anything in objects of a kind."""
    concerns = getattr(_module(ready.rule), "concerns", None) if ready.rule.uses else None
    return concerns is None or bool(concerns(api_version, kind, ready.parameters))


def _nothing(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterable[Finding]:
    return ()


def _silent(check: Check, unless: Unless) -> Check:
    """A check that finds nothing in some objects."""

    def checked(subject: Subject, bundle: Bundle, parameters: Mapping[str, Any]) -> Iterable[Finding]:
        return () if unless(subject, bundle) else check(subject, bundle, parameters)

    return checked


def _unexpected(s: Subject, unmet: Sequence[Unmet]) -> Iterator[Finding]:
    for _, value, path in unmet:
        name = value.get("name", "") if isinstance(value, dict) else _owner(s.body, path)
        yield Finding(path, {"value": "" if value is MISSING else value, "name": name})


def _owner(body: Any, path: Path) -> str:
    """The name of the nearest item that holds a path."""
    name = ""
    for part in path:
        if isinstance(body, list) and isinstance(part, int) and part < len(body):
            body = body[part]
        elif isinstance(body, dict):
            body = body.get(str(part))
        if isinstance(body, dict) and isinstance(body.get("name"), str):
            name = body["name"]
    return name


def _evaluating(rule: Rule, parameters: Mapping[str, Any]) -> Teller:
    from manifold.k8s.cel.evaluate import program
    from manifold.k8s.cel.syntax import CelError

    expression = program(rule.cel)

    def tell(s: Subject, unmet: Sequence[Unmet]) -> Iterator[Finding]:
        for _, value, path in unmet:
            there = None if value is MISSING else value
            message = ""
            try:
                answer = expression.run({"object": s.body, "self": there, "parameters": parameters})
            except CelError as error:
                answer, message = False, f"the rule could not be evaluated here: {error}"
            if answer is True or answer == "":
                continue
            if isinstance(answer, str):
                message = answer
            name = there.get("name", "") if isinstance(there, dict) else _owner(s.body, path)
            yield Finding(path, {"value": "" if there is None else there, "name": name}, message)

    return tell


def _told_by_pod(amounts: Sequence[str]) -> Unless:
    """Whether the Pod as a whole says one of these amounts, as in `limits.memory`: a rule holds its tongue then."""
    places = [text.split(".", 1) for text in amounts]

    def unless(s: Subject, bundle: Bundle) -> bool:
        whole = s.pod.get("resources") if s.pod else None
        if isinstance(whole, dict) and bundle.pod_level:
            for which, name in places:
                there = whole.get(which)
                if isinstance(there, dict) and there.get(name) is not None:
                    return True
        return False

    return unless


class _Plan:
    """The rules of a kind: what they expect is looked at in one go, and where that is met only the rest of them runs."""

    __slots__ = ("checks", "look", "rules")

    def __init__(self, rules: list[Ready]) -> None:
        self.rules = rules
        self.checks = [(r.rule, r.check, r.parameters) for r in rules if r.tell is None and not r.rule.when]
        expectations = Expectations()
        for number, ready in enumerate(rules):
            for place in ready.rule.when:
                expectations.add(number, place, NOTHING)
            if ready.tell is not None:
                expectations.add(number, ready.rule.at, EVERYWHERE if ready.rule.cel else ready.rule.expect or {})
        self.look = expectations.look()


def _by_number(unmet: Iterable[Unmet]) -> dict[int, list[Unmet]]:
    out: dict[int, list[Unmet]] = {}
    for one in unmet:
        out.setdefault(one.number, []).append(one)
    return out


class Linter:
    """Rules, ready to run."""

    def __init__(self, rules: Sequence[Rule], parameters: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._rules = rules
        self._settings = parameters or {}
        self._ready: dict[str, Ready] = {}
        self._plans: dict[tuple[str, str], _Plan] = {}
        self._shared: dict[tuple[str, ...], _Plan] = {}

    def prepare(self, documents: Iterable[Document]) -> None:
        """Make ready the rules for the kinds of these documents, before processes part that would each do it again."""
        for document in documents:
            self._for(document)

    def _for(self, document: Document) -> _Plan:
        sort = document.api_version, document.kind
        found = self._plans.get(sort)
        if found is None:
            ready = [r for r in map(self._made, self._wanted(*sort)) if _concerns(r, *sort)]
            # Of most custom kinds the same few rules speak.
            ids = tuple(r.rule.id for r in ready)
            if ids not in self._shared:
                self._shared[ids] = _Plan(ready)
            found = self._plans[sort] = self._shared[ids]
        return found

    def _made(self, rule: Rule) -> Ready:
        """A rule made ready when a kind first asks for it: a run over few kinds needs few of the checks."""
        found = self._ready.get(rule.id)
        if found is None:
            found = self._ready[rule.id] = _ready(rule, self._settings.get(rule.id, {}))
        return found

    def _wanted(self, api_version: str, kind: str) -> list[Rule]:
        # A custom kind may bear the name of another: what rules say of a Service is not for Knative's.
        custom = pods.custom(api_version, kind)
        key = api_version.rpartition("/")[0] + "/" + kind if custom else kind
        workload = custom or kind in WORKLOADS
        names = {key} if custom and _of_kubernetes(kind) else {key, kind}
        return [
            rule
            for rule in self._rules
            if not names.isdisjoint(rule.kinds)
            or (not rule.kinds and (workload or rule.at == "$"))
            or ("$workload" in rule.kinds and workload)
            or "$any" in rule.kinds
        ]

    def look(self, document: Document, bundle: Bundle) -> Sequence[Diagnostic]:
        """What the rules find in a document, which is part of the bundle; what a check raises comes out."""
        plan = self._for(document)
        if not plan.rules:
            return ()
        s = subject(document)
        unmet = () if plan.look is None else plan.look(s)
        if not unmet:
            return [
                diagnostic(rule, finding, s, bundle.version)
                for rule, check, parameters in plan.checks
                for finding in check(s, bundle, parameters)
            ]
        places = _by_number(unmet)
        return [
            diagnostic(ready.rule, finding, s, bundle.version)
            for number, ready in enumerate(plan.rules)
            for finding in ready.found(s, bundle, places.get(number, ()))
        ]

    def run(self, documents: Iterable[Document], bundle: Bundle) -> Iterator[Diagnostic]:
        """As `look`, for several documents."""
        for document in documents:
            yield from self.look(document, bundle)

    def run_on(self, documents: Iterable[Document], bundle: Bundle) -> Iterator[Diagnostic]:
        """As `run`, but a check that raises becomes an INTERNAL_ERROR of its object, and the others go on."""
        for document in documents:
            plan = self._for(document)
            places: dict[int, list[Unmet]] | None = None
            for number, ready in enumerate(plan.rules):
                try:
                    s = subject(document)
                    if places is None:
                        places = {} if plan.look is None else _by_number(plan.look(s))
                    told = ready.found(s, bundle, places.get(number, ()))
                    found = [diagnostic(ready.rule, finding, s, bundle.version) for finding in told]
                except Exception as error:
                    found = [_failed(ready.rule, document, error, bundle.version)]
                yield from found


def _of_kubernetes(kind: str) -> bool:
    """Whether Kubernetes itself has a kind of that name."""
    from manifold.apiserver.schema import load

    return any(k.kind == kind for k in load().kinds())


def _failed(rule: Rule, document: Document, error: Exception, version: str) -> Diagnostic:
    import logging  # for --debug, and seldom

    logging.getLogger("manifold").debug("the rule %s failed", rule.id, exc_info=error)
    return Diagnostic(
        origin=Origin.LINT,
        rule=INTERNAL_ERROR,
        severity=Severity.ERROR,
        message=f"the rule {rule.id} failed over this object ({type(error).__name__}), which is a defect of manifold",
        file=document.source,
        span=document.locate(()),
        document=document.index,
        object=ObjectId.of(document.body),
        kubernetes=(version,) if version else (),
        help="run again with --debug and report what it prints; `--ignore` leaves the rule out meanwhile",
    )


def diagnostic(rule: Rule, finding: Finding, about: Subject, version: str) -> Diagnostic:
    """A finding, complete; `version` is the release that was asked for, if any."""
    path, words, message = finding
    message = message or rule.message
    if words and not (rule.cel and finding.message):
        try:
            message = message.format_map(words)
        except KeyError:
            message = message.format_map(_Words(words))
    document = about.document
    return Diagnostic(
        Origin.REFERENCE if rule.pack == "references" else Origin.LINT, rule.id, rule.severity, message, "", spell(path),
        document.source, document.locate(path), document.index, about.identity, (version,) if version else (), rule.fix,
    )  # fmt: skip


class _Words(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""
