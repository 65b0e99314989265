#!/bin/sh
# One image, several roles: web, worker, beat, migrate, manage; anything else is run as it is.
# What follows the role goes to its program, so that `worker --queues compile` is a whole command.
set -eu
cd /app

role="${1:-web}"
[ "$#" -eq 0 ] || shift

case "$role" in
    web)
        # WEB_CONCURRENCY says how many processes.
        exec python -m gunicorn --config python:vertexar.gunicorn_conf --bind 0.0.0.0:8000 \
            --graceful-timeout 30 --worker-tmp-dir /dev/shm "$@" config.wsgi
        ;;
    worker)
        exec python -m celery -A config worker --without-gossip --without-mingle -l INFO "$@"
        ;;
    beat)
        exec python -m celery -A config beat --schedule /data/beat-schedule --pidfile= -l INFO "$@"
        ;;
    migrate)
        exec python manage.py migrate --no-input "$@"
        ;;
    manage)
        exec python manage.py "$@"
        ;;
    *)
        exec "$role" "$@"
        ;;
esac
