# The server with its migrations. Build: docker build -t hunt .   The hunt's folder is mounted at /hunt.

FROM python:3.12.12-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/hunt
COPY requirements/run.lock requirements/run.lock
RUN /opt/hunt/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.lock
COPY pyproject.toml README.md ./
COPY src src
COPY migrations migrations
RUN /opt/hunt/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.12.12-slim-bookworm
RUN useradd --system --uid 10001 --create-home hunt
COPY --from=build /opt/hunt /opt/hunt
ENV PATH=/opt/hunt/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HUNT_CONTENT=/hunt \
    HUNT_HOST=0.0.0.0 \
    HUNT_PORT=8000
USER hunt
WORKDIR /home/hunt
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"HUNT_PORT\"]}/health/ready', timeout=4)"]
CMD ["hunt", "serve"]
