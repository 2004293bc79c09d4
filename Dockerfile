# The app in a container: docker build -t latent-oclock . && docker run --init --rm -p 8501:8501 latent-oclock
# Nobody needs it: `make app` runs the same. How a class uses it behind a proxy stands in docs/classroom.md.
ARG PYTHON=3.12

# What is installed is made here, so that neither pip nor its caches reach the image that runs.
FROM python:${PYTHON}-slim-bookworm AS packages
COPY requirements.txt /tmp/requirements.txt
# TensorFlow's C++ headers are a fifth of it, and only who compiles operations reads them.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --only-binary=:all: -r /tmp/requirements.txt \
    && rm -rf /venv/lib/python3*/site-packages/tensorflow/include

FROM python:${PYTHON}-slim-bookworm
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin clock \
    && install -d -o clock -g clock /cache /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY app.py ./
COPY .streamlit .streamlit
COPY pages pages
COPY core core
COPY assets assets
# The user may not write here: Python's compiled files are made now, or they would be made anew at every start.
RUN /venv/bin/python -m compileall -q app.py core pages

ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TF_CPP_MIN_LOG_LEVEL=2 \
    MALLOC_ARENA_MAX=2 \
    LATENT_OCLOCK_CACHE=/cache \
    LATENT_OCLOCK_DATA=/data \
    STREAMLIT_SERVER_PORT=8501
USER 10001:10001
EXPOSE 8501
# Streamlit's own answer, beneath the sub-path if there is one.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as web; base = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); web.urlopen('/'.join(filter(None, ['http://127.0.0.1:8501', base, '_stcore/health'])), timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "app.py"]
