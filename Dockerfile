# Three images from one file:
#   slim       producer, worker and scheduler: no TensorFlow
#   dashboard  the same with the web page
#   trainer    the same with TensorFlow
# All install exactly what the locks say, hashes checked, from wheels alone.

FROM python:3.11-slim AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

FROM base AS tools
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    UV_COMPILE_BYTECODE=1 \
    UV_NO_CACHE=1 \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /source
COPY locks/uv.txt locks/uv.txt
RUN python -m venv /tools \
    && /tools/bin/pip install --quiet --require-hashes -r locks/uv.txt

# The wheel carries the shipped model, so a volume without models starts from it.
FROM tools AS wheel
COPY . .
RUN /tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheel .

FROM tools AS slim-environment
COPY locks/worker.txt locks/worker.txt
RUN /tools/bin/uv venv --python /usr/local/bin/python /opt/earmark \
    && /tools/bin/uv pip sync --python /opt/earmark/bin/python --require-hashes \
        --only-binary :all: locks/worker.txt
COPY --from=wheel /wheel /wheel
RUN /tools/bin/uv pip install --python /opt/earmark/bin/python --no-deps /wheel/*.whl

FROM tools AS dashboard-environment
COPY locks/dashboard.txt locks/dashboard.txt
RUN /tools/bin/uv venv --python /usr/local/bin/python /opt/earmark \
    && /tools/bin/uv pip sync --python /opt/earmark/bin/python --require-hashes \
        --only-binary :all: locks/dashboard.txt
COPY --from=wheel /wheel /wheel
RUN /tools/bin/uv pip install --python /opt/earmark/bin/python --no-deps /wheel/*.whl

FROM tools AS trainer-environment
COPY locks/trainer.txt locks/trainer.txt
RUN /tools/bin/uv venv --python /usr/local/bin/python /opt/earmark \
    && /tools/bin/uv pip sync --python /opt/earmark/bin/python --require-hashes \
        --only-binary :all: locks/trainer.txt
COPY --from=wheel /wheel /wheel
RUN /tools/bin/uv pip install --python /opt/earmark/bin/python --no-deps /wheel/*.whl

# Whoever owns the inbox, as numbers; docker-env.sh writes them down for compose. Named volumes take
# owner and mode from these folders when they are first mounted.
FROM base AS runtime
ARG OWNER_UID=10001
ARG OWNER_GID=10001
RUN install -d -o ${OWNER_UID} -g ${OWNER_GID} /inbox /data /models
ENV PATH=/opt/earmark/bin:$PATH \
    HOME=/tmp \
    USER=earmark \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    EARMARK_INBOX=/inbox \
    EARMARK_DATA=/data \
    EARMARK_MODELS=/models
WORKDIR /data
USER ${OWNER_UID}:${OWNER_GID}
ENTRYPOINT ["earmark"]
CMD ["--help"]

FROM runtime AS dashboard
COPY --from=dashboard-environment /opt/earmark /opt/earmark
EXPOSE 8765

FROM runtime AS trainer
COPY --from=trainer-environment /opt/earmark /opt/earmark

# Last, so that a build without --target gives the small image.
FROM runtime AS slim
COPY --from=slim-environment /opt/earmark /opt/earmark
