"""The manifests: Kubernetes' own schemas, those of Dask's operator, and what no schema knows."""

from __future__ import annotations

import copy
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml  # type: ignore[import-untyped]
from dask.utils import parse_bytes

from tests.deploy.words import check_settings, documents, read, room_for_worker

FILES = ("dask.yaml", "prefect.yaml", "train.yaml")
DOCUMENTS = [document for name in FILES for document in documents(f"kubernetes/{name}")]
OPERATORS = "kubernetes.dask.org/v1"


def pods() -> list[dict[str, Any]]:
    """Return the specification of every kind of pod."""
    found = []
    for document in DOCUMENTS:
        if document["kind"] == "DaskCluster":
            found += [document["spec"][part]["spec"] for part in ("scheduler", "worker")]
        elif document["kind"] in ("Deployment", "Job"):
            found.append(document["spec"]["template"]["spec"])
    return found


CONTAINERS = [
    container for pod in pods() for part in ("initContainers", "containers") for container in pod.get(part, ())
]
by_name = pytest.mark.parametrize("container", CONTAINERS, ids=[container["name"] for container in CONTAINERS])


@pytest.mark.parametrize("document", [document for document in DOCUMENTS if document["apiVersion"] != OPERATORS])
def test_it_is_what_kubernetes_takes(document: dict[str, Any]) -> None:
    assert kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("document", [document for document in DOCUMENTS if document["apiVersion"] == OPERATORS])
def test_it_is_what_the_operator_takes(document: dict[str, Any]) -> None:
    try:
        operator = distribution("dask-kubernetes")
    except PackageNotFoundError:
        pytest.skip("the schemas of Dask's operator are absent: pip install --no-deps dask-kubernetes")
    folder = "dask_kubernetes/operator/deployment/helm/dask-kubernetes-operator/crds"
    crd = yaml.load(
        operator.locate_file(f"{folder}/{document['kind'].lower()}.yaml").read_text(),
        getattr(yaml, "CSafeLoader", yaml.SafeLoader),
    )
    (version,) = [one for one in crd["spec"]["versions"] if f"{crd['spec']['group']}/{one['name']}" == OPERATORS]
    jsonschema.validate(document["spec"], strict(version["schema"]["openAPIV3Schema"]["properties"]["spec"]))


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that refuses fields it does not name, which the operator would drop without a word."""
    schema = copy.deepcopy(schema)
    if "properties" in schema:
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema["additionalProperties"] = False
        schema["properties"] = {name: strict(of_field) for name, of_field in schema["properties"].items()}
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    if isinstance(schema.get("items"), dict):
        schema["items"] = strict(schema["items"])
    return schema


@pytest.mark.parametrize("pod", pods())
def test_pods_are_what_kubernetes_takes_and_may_do_little(pod: dict[str, Any]) -> None:
    whole = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": pod}
    assert kubernetes_validate.validate(whole, kubernetes_validate.latest_version(), strict=True)
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    for container in [*pod.get("initContainers", ()), *pod["containers"]]:
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert not container["securityContext"]["allowPrivilegeEscalation"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        assert "/tmp" in [mount["mountPath"] for mount in container["volumeMounts"]]


@by_name
def test_commands_and_settings_are_known(container: dict[str, Any]) -> None:
    read(container["args"])
    check_settings([variable["name"] for variable in container.get("env", ())])


@by_name
def test_a_worker_has_the_memory_that_its_limit_promises(container: dict[str, Any]) -> None:
    limits, requests = container["resources"]["limits"], container["resources"]["requests"]
    assert limits["memory"] == requests["memory"]
    if container["args"][:2] == ["dask", "worker"]:
        assert parse_bytes(f"{limits['memory']}B") >= room_for_worker(container["args"])


def test_everybody_means_the_same_scheduler() -> None:
    (cluster,) = [document for document in DOCUMENTS if document["kind"] == "DaskCluster"]
    (scaler,) = [document for document in DOCUMENTS if document["kind"] == "DaskAutoscaler"]
    name = cluster["metadata"]["name"]
    assert scaler["spec"]["cluster"] == name
    assert cluster["spec"]["scheduler"]["service"]["selector"]["dask.org/cluster-name"] == name
    worker = cluster["spec"]["worker"]["spec"]["containers"][0]
    told = [
        variable["value"]
        for container in CONTAINERS
        for variable in container.get("env", ())
        if variable["name"] == "DASK_SCHEDULER_ADDRESS"
    ]
    assert {*told, worker["args"][2]} == {f"tls://{name}-scheduler:8786"}


def test_secrets_are_named_and_nowhere_told() -> None:
    assert "Secret" not in {document["kind"] for document in DOCUMENTS}
    told = [variable for container in CONTAINERS for variable in container.get("env", ()) if "value" in variable]
    assert not [variable for variable in told if "SECRET" in variable["name"] or "CONNECTION" in variable["name"]]
