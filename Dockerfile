# One image, one process; the database is a volume or a PostgreSQL elsewhere.
# By digest, so that what is built today is built tomorrow; `make base-image` renews it.
ARG BASE=docker.io/library/python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
FROM ${BASE}

# git reads local repositories for release notes.
RUN apt-get update \
 && apt-get install -y --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 eightbells

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY commands commands
COPY templates templates
# Editable, so that there is one copy of the code and of the templates beside it.
RUN pip install --no-cache-dir --no-deps -e . \
 && install -d -o eightbells -g eightbells /app/data

USER eightbells
# The file system may be read-only: what a library keeps for itself goes to /tmp.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=/tmp/matplotlib HOST=0.0.0.0 PORT=3000
EXPOSE 3000
VOLUME /app/data

HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]

# PID 1 gets SIGTERM, finishes what is under way and ends.
STOPSIGNAL SIGTERM
ENTRYPOINT ["eightbells"]
CMD ["run"]
