"""What the process costs: start to ready, memory, and a core's share when nothing happens, beside a bare Bolt process.

python -m benchmarks.process
"""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from statistics import median

import psutil

from benchmarks.edge import SECRET, environment, free_port, playground

ROUNDS = 5
IDLE_SECONDS = 20
SETTLED_AFTER_SECONDS = 5


def main() -> None:
    """Measure and print."""
    processes: list[subprocess.Popen[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        page = playground(processes)
        ours, bare = [], []
        for _ in range(ROUNDS):
            port = free_port()
            settings = environment(Path(folder), page, f"http://127.0.0.1:{port}")
            ours.append(started(["-m", "bot", "run"], settings, port, "/readyz"))
            port = free_port()
            bare.append(started(["-m", "benchmarks.bare", str(port), SECRET, "fast"], {}, port, "/"))
        port = free_port()
        settings = environment(Path(folder), page, f"http://127.0.0.1:{port}")
        rss, share = idle(["-m", "bot", "run"], settings, port)
        bare_rss, _ = idle(["-m", "benchmarks.bare", str(free_port()), SECRET, "fast"], {}, None, seconds=1)
    for process in processes:
        process.terminate()
    wall, bare_wall = median(one for one, _ in ours), median(one for one, _ in bare)
    cpu, bare_cpu = median(one for _, one in ours), median(one for _, one in bare)
    print(
        f"start to ready     {wall:.2f} s · bare Bolt {bare_wall:.2f} s → {wall / bare_wall:.1f} times (aim < 1.5 s)"
    )
    print(f"  of it CPU        {cpu:.2f} s · bare Bolt {bare_cpu:.2f} s → {cpu / bare_cpu:.1f} times")
    print(
        f"memory when idle   {rss:.0f} MB · bare Bolt {bare_rss:.0f} MB → {rss / bare_rss:.1f} times (aim < 130 MB)"
    )
    print(f"a core when idle   {share:.2f} % (aim < 1 %)")


def started(arguments: list[str], settings: dict[str, str], port: int, path: str) -> tuple[float, float]:
    """Seconds until it answers, and how many of them were CPU; then it is ended."""
    began = time.perf_counter()
    process = run(arguments, settings)
    try:
        answers(port, path)
        wall = time.perf_counter() - began
        times = psutil.Process(process.pid).cpu_times()
        return wall, times.user + times.system
    finally:
        process.terminate()
        process.wait()


def idle(
    arguments: list[str], settings: dict[str, str], port: int | None, seconds: int = IDLE_SECONDS
) -> tuple[float, float]:
    """Memory in MB, and the share of a core in per cent, of a process to which nothing happens."""
    process = run(arguments, settings)
    try:
        if port is not None:
            answers(port, "/readyz")
        time.sleep(SETTLED_AFTER_SECONDS)
        watched = psutil.Process(process.pid)
        before = sum(watched.cpu_times()[:2])
        time.sleep(seconds)
        share = (sum(watched.cpu_times()[:2]) - before) / seconds * 100
        return watched.memory_info().rss / 1e6, share
    finally:
        process.terminate()
        process.wait()


def run(arguments: list[str], settings: dict[str, str]) -> "subprocess.Popen[bytes]":
    """The process."""
    return subprocess.Popen([sys.executable, *arguments], env={**os.environ, **settings})


def answers(port: int, path: str, within_seconds: float = 60) -> None:
    """Wait until it answers there, whatever it answers but 503."""
    end = time.perf_counter() + within_seconds
    while time.perf_counter() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).close()
        except urllib.error.HTTPError as answer:
            if answer.code != 503:
                return
        except OSError:
            pass
        else:
            return
        time.sleep(0.005)
    raise TimeoutError(f"nothing answers at port {port}")


if __name__ == "__main__":
    main()
