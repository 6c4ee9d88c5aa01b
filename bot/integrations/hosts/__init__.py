"""Where code lives: adapters of ``bot.domain.ports.CodeHost``, and the one that picks among them."""

from bot.integrations.hosts.any_host import AnyHost
from bot.integrations.hosts.github_releases import GitHubReleases as GitHub
from bot.integrations.hosts.gitlab_releases import GitLabReleases as GitLab
from bot.integrations.hosts.local_git import LocalGit

__all__ = ["AnyHost", "GitHub", "GitLab", "LocalGit"]
