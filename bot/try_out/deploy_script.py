"""What the demo deploys with: prints its steps over a few seconds; a branch whose name ends in -broken fails."""

import subprocess
import sys
import time

STEPS = (
    "fetch {service} {version}",
    "verify the signature of {commit}",
    "build the image",
    "push the image to the registry",
    "migrate the database",
    "start 3 new instances in {environment}",
    "switch the traffic",
    "wait for healthy answers",
)
STEP_SECONDS = 0.5


def main() -> int:
    """Deploy the service, version, environment and commit that the arguments name; gives the exit status."""
    service, version, environment, sha = sys.argv[1:5]
    words = {"service": service, "version": version, "environment": environment, "commit": sha[:7]}
    for number, step in enumerate(STEPS, start=1):
        _say(f"[{number}/{len(STEPS)}] {step.format(**words)}")
        time.sleep(STEP_SECONDS)
    if _is_broken(service, version, sha):
        _say("3 of 3 instances answer 500: KeyError: 'card_form'")
        _say("the traffic is back on the old instances")
        return 3
    _say(f"{service} {version} answers in {environment}")
    return 0


def _is_broken(service: str, version: str, sha: str) -> bool:
    """By its name, which is told of a tag only; of a branch we are told the commit."""
    asked = ["git", "-C", service, "branch", "--points-at", sha, "--format=%(refname:short)"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603  a list, and no shell
    return any(name.endswith("-broken") for name in (version, *found.stdout.split()))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
