"""Names of runs elsewhere: the same whether we started them, look at them, or are told of them by a webhook."""

GITHUB, GITLAB, HTTP = "github", "gitlab", "deploys"  # as the sources of their webhooks are called


def run_reference(source: str, repository: str, run: str | int) -> str:
    """Of a workflow run or a pipeline: ``github:harbor/web/runs/123``."""
    return f"{source}:{repository.casefold()}/runs/{run}"


def deployment_reference(source: str, repository: str, deployment: str | int) -> str:
    """Of a deployment: ``gitlab:harbor/web/deployments/15``; of one without a repository, ``deploys:D-12/1``."""
    return f"{source}:{repository.casefold()}/deployments/{deployment}" if repository else f"{source}:{deployment}"


def is_deployment(reference: str) -> bool:
    """Whether it names a deployment on a code host, and not what carries one out."""
    return "/deployments/" in reference


def id_in(reference: str) -> str:
    """What the other side calls it: the last part of the reference."""
    return reference.rpartition("/")[2]
