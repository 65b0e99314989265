"""docker/k8s as `kubectl kustomize` makes it; `python -m tests.configuration` asks a schema too."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery.schedules import crontab
from django.conf import settings

from tests import documents
from tests.prerequisites import program

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docker" / "k8s"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
SECRETS = "/run/secrets/vertexar/"
# What our own commands can't do without, or would do with another one.
NEEDS = {
    "backup": "BACKUP_SIGNING_KEY_FILE",
    "backup_keygen": "BACKUP_SIGNING_KEY_FILE",
    "backup_drill": "BACKUP_DRILL_IDENTITY_FILE",
}

pytestmark = pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")


def build(folder: Path) -> list[dict[str, Any]]:
    run = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return list(yaml.safe_load_all(run.stdout))


@pytest.fixture(scope="module", params=["staging", "production"])
def overlay(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return build(FOLDER / request.param)


def build_with_cron(folder: Path, *literals: str) -> list[dict[str, Any]]:
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    overlay = folder / "production" / "kustomization.yaml"
    whole = yaml.safe_load(overlay.read_text(encoding="utf-8"))
    whole["components"].append("../components/cron")
    whole["configMapGenerator"][0]["literals"] += literals
    overlay.write_text(yaml.safe_dump(whole))
    return build(overlay.parent)


@pytest.fixture(scope="module")
def with_cron(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return build_with_cron(tmp_path_factory.mktemp("k8s"))


@pytest.fixture(scope="module")
def as_the_readme_says(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Production, with the ports that the README opens and with two recipients."""
    folder = tmp_path_factory.mktemp("told")
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    overlay = folder / "production" / "kustomization.yaml"
    whole = yaml.safe_load(overlay.read_text(encoding="utf-8"))
    [block] = re.findall(r"```yaml\n(patches:.*?)```", README, re.DOTALL)
    whole["patches"] += yaml.safe_load(block)["patches"]
    whole["configMapGenerator"][0]["literals"] += ["BACKUP_RECIPIENTS=age1one age1two"]
    overlay.write_text(yaml.safe_dump(whole))
    return build(overlay.parent)


def of_kind(resources: list[dict[str, Any]], *kinds: str) -> dict[str, dict[str, Any]]:
    return {r["metadata"]["name"]: r for r in resources if r["kind"] in kinds}


def pods(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    specs = of_kind(resources, "Deployment", "Job")
    found = {name: resource["spec"]["template"] for name, resource in specs.items()}
    for name, cron in of_kind(resources, "CronJob").items():
        found[name] = cron["spec"]["jobTemplate"]["spec"]["template"]
    return found


def main_container(pod: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod["spec"]["containers"]
    return dict(container)


def check_hardened(resources: list[dict[str, Any]]) -> None:
    for name, pod in pods(resources).items():
        container = main_container(pod)
        assert pod["spec"]["securityContext"]["runAsNonRoot"], name
        assert not pod["spec"]["automountServiceAccountToken"], name
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert set(container["resources"]) == {"requests", "limits"}, name
        assert pod["metadata"]["labels"]["app.kubernetes.io/part-of"] == "vertexar", name


def test_pods_can_change_little_and_take_little(overlay: list[dict[str, Any]]) -> None:
    check_hardened(overlay)


def test_pods_of_the_clusters_clock_are_like_all_others(with_cron: list[dict[str, Any]]) -> None:
    check_hardened(with_cron)
    web = main_container(pods(with_cron)["web"])
    cron = main_container(pods(with_cron)["drop-unconfirmed"])
    common = [variable for variable in web["env"] if variable["name"] != "WEB_CONCURRENCY"]
    assert (cron["env"], cron["envFrom"]) == (common, web["envFrom"])
    assert cron["volumeMounts"] == web["volumeMounts"]


def struck(resources: list[dict[str, Any]]) -> dict[str, tuple[dict[str, Any], list[str]]]:
    """Each CronJob by the task it sends: its spec, and the options it sends it with."""
    found = {}
    for name, job in of_kind(resources, "CronJob").items():
        *_program, call, task = (args := main_container(pods(resources)[name])["args"])[:7]
        assert call == "call"
        found[task] = (job["spec"], args[7:])
    return found


def test_the_clusters_clock_sends_all_that_beat_would_when_it_would(
    with_cron: list[dict[str, Any]],
) -> None:
    sent = struck(with_cron)

    assert set(sent) == {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert "beat" not in of_kind(with_cron, "Deployment")
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        spec, options = sent[entry["task"]]
        is_sweep = entry["schedule"] == settings.SWEEP_SECONDS
        wanted = "* * * * *" if is_sweep else entry["schedule"]
        assert spec["schedule"] == wanted or crontab.from_string(spec["schedule"]) == wanted
        assert spec["timeZone"] == settings.TIME_ZONE
        expires = entry.get("options", {}).get("expires")
        assert options == (["--expires", str(expires)] if expires else [])


def test_what_is_sent_once_a_day_is_sent_though_the_clock_was_late(
    with_cron: list[dict[str, Any]],
) -> None:
    waits = {
        task: spec["startingDeadlineSeconds"]
        for task, (spec, _options) in struck(with_cron).items()
        if not spec["schedule"].endswith("* * * *")
    }

    assert len(waits) == 3
    assert all(10 * 3600 <= seconds < 24 * 3600 for seconds in waits.values())


def test_the_clusters_clock_goes_by_the_settings_that_beat_goes_by(tmp_path: Path) -> None:
    told = [
        "TIME_ZONE=Europe/Moscow",
        "BACKUP_SCHEDULE=5 1 * * *",
        "BACKUP_DRILL_SCHEDULE=5 6 * * 1",
    ]
    sent = struck(build_with_cron(tmp_path, *told))

    assert {spec["timeZone"] for spec, _options in sent.values()} == {"Europe/Moscow"}
    assert sent["backups.tasks.start_nightly"][0]["schedule"] == "5 1 * * *"
    assert sent["backups.tasks.drill_newest"][0]["schedule"] == "5 6 * * 1"


def test_images_are_of_a_version(overlay: list[dict[str, Any]]) -> None:
    for name, pod in pods(overlay).items():
        assert re.fullmatch(r"vertexar/(web|worker):\d+\.\d+\.\d+", main_container(pod)["image"]), (
            name
        )


def test_the_web_is_asked_whether_it_lives_and_whether_it_can_serve(
    overlay: list[dict[str, Any]],
) -> None:
    container = main_container(pods(overlay)["web"])

    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert container["startupProbe"]["failureThreshold"] * 2 >= 60
    strategy = of_kind(overlay, "Deployment")["web"]["spec"]["strategy"]["rollingUpdate"]
    assert strategy["maxUnavailable"] == 0


def test_some_worker_takes_from_each_queue(overlay: list[dict[str, Any]]) -> None:
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    arguments = [main_container(pod)["args"] for pod in pods(overlay).values()]
    taken = [queue for args in arguments if args[0] == "worker" for queue in args[2].split(",")]

    assert sorted(taken) == sorted({"default", "backup", "drill", *routed})


def test_a_roll_out_does_not_undo_what_an_autoscaler_chose(overlay: list[dict[str, Any]]) -> None:
    deployments = of_kind(overlay, "Deployment")
    scaled = {
        scaler["spec"]["scaleTargetRef"]["name"]
        for scaler in of_kind(overlay, "HorizontalPodAutoscaler").values()
    }

    assert {name for name in scaled if "replicas" in deployments[name]["spec"]} == set()
    assert all("replicas" in deployments[name]["spec"] for name in set(deployments) - scaled)


def test_all_that_the_migration_needs_is_applied_with_it(overlay: list[dict[str, Any]]) -> None:
    [names] = re.findall(r"--selector 'app.kubernetes.io/name in \(([^)]*)\)'", README)
    applied = [
        (resource["kind"], resource["metadata"]["name"])
        for resource in overlay
        if resource["metadata"].get("labels", {}).get("app.kubernetes.io/name") in names.split(", ")
    ]

    container = main_container(pods(overlay)["migrate"])
    needed = [("ConfigMap", source["configMapRef"]["name"]) for source in container["envFrom"]]
    assert sorted(applied) == sorted([("Job", "migrate"), *needed])


def test_who_can_read_backups_is_one_that_signs_none(overlay: list[dict[str, Any]]) -> None:
    mounted = {
        name: {volume.get("secret", {}).get("secretName") for volume in pod["spec"]["volumes"]}
        for name, pod in pods(overlay).items()
    }
    signing = {
        name
        for name, pod in pods(overlay).items()
        if "BACKUP_SIGNING_KEY_FILE" in str(main_container(pod)["env"])
    }

    assert {name for name, secrets in mounted.items() if "vertexar-drill" in secrets} == {"drill"}
    assert all("vertexar" in secrets for secrets in mounted.values())
    assert signing == {"backup"}


def test_no_secret_is_in_the_environment(overlay: list[dict[str, Any]]) -> None:
    (data,) = [config["data"] for config in of_kind(overlay, "ConfigMap").values()]
    told = {entry["name"] for pod in pods(overlay).values() for entry in main_container(pod)["env"]}

    assert documents.SECRETS & (told | set(data)) == set()
    assert "BACKUP_DESTINATIONS_FILE" in told


def test_each_secret_that_is_read_is_made(overlay: list[dict[str, Any]]) -> None:
    made = set(re.findall(r"--from-file=(\w+)=secrets/\1\b", README))
    read = {
        name
        for pod in pods(overlay).values()
        for name in re.findall(r"/run/secrets/\w+/(\w+)", str(main_container(pod)["env"]))
    }

    assert read == made


def test_what_is_typed_into_a_pod_is_typed_where_its_secrets_are(
    overlay: list[dict[str, Any]],
) -> None:
    typed = re.findall(r"exec .*deployment/(\w+) -- python manage\.py (\w+)", README)
    given = {name: str(main_container(pod)["env"]) for name, pod in pods(overlay).items()}

    assert ("web", "create_admin") in typed
    assert [word for _name, word in typed if word in NEEDS] == [
        *["backup_keygen"] * 2,
        "backup",
        "backup_drill",
    ]
    assert all(NEEDS[word] in given[name] for name, word in typed if word in NEEDS)


def test_an_overlay_may_open_another_port_and_name_who_reads_backups(
    overlay: list[dict[str, Any]], as_the_readme_says: list[dict[str, Any]]
) -> None:
    def ports(resources: list[dict[str, Any]]) -> set[int]:
        rules = of_kind(resources, "NetworkPolicy")["out"]["spec"]["egress"]
        return {port["port"] for rule in rules for port in rule["ports"]}

    [sentence] = re.findall(r"\*\*Pods reach the ports ([^*]*?), and no other\*\*", README)
    (data,) = [config["data"] for config in of_kind(as_the_readme_says, "ConfigMap").values()]

    assert ports(overlay) == {int(port) for port in re.findall(r"\d+", sentence)}
    assert ports(as_the_readme_says) - ports(overlay) == {9000}
    assert data["BACKUP_RECIPIENTS"] == "age1one age1two"


def test_a_backup_may_be_ended_and_one_that_hangs_may_not(overlay: list[dict[str, Any]]) -> None:
    pod = pods(overlay)["backup"]

    assert pod["spec"]["terminationGracePeriodSeconds"] > settings.BACKUP_SECONDS
    probe = main_container(pod)["livenessProbe"]
    assert probe["terminationGracePeriodSeconds"] <= 60


def test_what_scales_and_is_guarded_is_there(overlay: list[dict[str, Any]]) -> None:
    deployments = of_kind(overlay, "Deployment")
    for scaler in of_kind(overlay, "HorizontalPodAutoscaler").values():
        assert scaler["spec"]["scaleTargetRef"]["name"] in deployments
        assert scaler["spec"]["minReplicas"] <= scaler["spec"]["maxReplicas"]
    labels = [pod["metadata"]["labels"].items() for pod in pods(overlay).values()]
    guards = of_kind(overlay, "PodDisruptionBudget", "NetworkPolicy", "Service")
    for name, guard in guards.items():
        selector = guard["spec"].get("podSelector", guard["spec"].get("selector"))
        if selector:
            wanted = selector.get("matchLabels", selector).items()
            assert any(wanted <= carried for carried in labels), name


def test_every_pod_that_counts_is_asked_by_the_job_that_the_alerts_name(
    overlay: list[dict[str, Any]],
) -> None:
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    [portname] = {job["relabel_configs"][0]["source_labels"][0] for job in jobs}
    asked = {job["relabel_configs"][0]["regex"]: job["job_name"] for job in jobs}
    token = str(jobs[0]["authorization"]["credentials_file"])

    ports = {
        name: port["name"]
        for name, pod in pods(overlay).items()
        for port in main_container(pod).get("ports", [])
    }
    assert portname == "__meta_kubernetes_pod_container_port_name"
    assert {name: asked[port] for name, port in ports.items()} == {
        "web": "web",
        **dict.fromkeys(("worker", "media", "compile", "backup", "drill"), "workers"),
    }
    assert all(job["authorization"]["credentials_file"] == token for job in jobs)
    assert "prometheus.io/" not in str(overlay)


def test_prometheus_understands_how_the_cluster_is_watched(tmp_path: Path) -> None:
    promtool = program("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    told = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    for job in told["scrape_configs"]:  # Debian's knows no clusters
        assert job.pop("kubernetes_sd_configs") == [
            {"role": "pod", "namespaces": {"names": ["vertexar"]}}
        ]
        job["static_configs"] = [{"targets": ["10.1.2.3:8000"]}]
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(told))

    run = subprocess.run(
        [promtool, "check", "config", "--syntax-only", file], capture_output=True, check=False
    )

    assert run.returncode == 0, run.stderr


def test_the_public_name_is_said_once(overlay: list[dict[str, Any]]) -> None:
    (data,) = [config["data"] for config in of_kind(overlay, "ConfigMap").values()]
    ingress = of_kind(overlay, "Ingress")["web"]["spec"]

    assert ingress["rules"][0]["host"] == data["PUBLIC_HOST"]
    assert ingress["tls"][0]["hosts"] == [data["PUBLIC_HOST"]]


def test_the_settings_it_makes_are_fit_for_serving(
    overlay: list[dict[str, Any]], tmp_path: Path
) -> None:
    subprocess.run([ROOT / "docker/make_secrets.sh", tmp_path], check=True, capture_output=True)
    (data,) = [config["data"] for config in of_kind(overlay, "ConfigMap").values()]
    told = {"PUBLIC_HOST": data["PUBLIC_HOST"], "POD_IP": "10.1.2.3"}
    environment = dict(data)
    for variable in main_container(pods(overlay)["web"])["env"]:
        text = variable.get("value", told.get(variable["name"], ""))
        text = re.sub(r"\$\((\w+)\)", lambda match: told[match[1]], text)
        environment[variable["name"]] = text.replace(SECRETS, f"{tmp_path}/")

    run = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "check", "--deploy"],
        cwd=ROOT,
        env=environment | {"PATH": os.environ["PATH"], "VERTEXAR_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert environment["ALLOWED_HOSTS"] == f"{data['PUBLIC_HOST']},10.1.2.3"
