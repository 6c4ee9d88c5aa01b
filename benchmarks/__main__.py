"""`make bench`: every measurement, one after the other, as figures and as ratios within one run."""

import importlib.util
import os
import subprocess
import sys

# In the order of the README; each also runs alone, with ``python -m benchmarks.<name>``.
ALL = ("process", "edge", "commits", "outbox", "standups", "prompts", "notes", "ofrep", "alerts", "alertmanager")
ALL += ("parsing", "size", "audit", "backlog", "storm")
ALL += ("deploy_chaos",)  # which counts what must not be: nothing


def main() -> None:
    """Run those that are named, or all."""
    wanted = sys.argv[1:] or [name for name in ALL if importlib.util.find_spec(f"benchmarks.{name}")]
    print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name in wanted:
        print(f"\n== {name} ==", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)


if __name__ == "__main__":
    main()
