#!/bin/sh
# The driver of docker/deploy.sh for a test: each colour a gunicorn of this machine, nginx one too.
# What a driver is asked stands in docker/deploy/compose.sh; the version never-ready has no database.
set -eu

word=$1
shift
end() {
    pid=$(cat "$FOLDER/$1.pid" 2>/dev/null) || return 0
    kill -TERM "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}
case "${1:-}" in
    blue) port=$BLUE_PORT ;;
    green) port=$GREEN_PORT ;;
esac

case "$word" in
    usable | migrate | workers) ;;
    start)
        if [ "$2" = never-ready ]; then
            export DATABASE_URL=postgresql://127.0.0.1:1/none
        fi
        "$PYTHON" -m gunicorn --config python:vertexar.gunicorn_conf --bind "127.0.0.1:$port" \
            --daemon --pid "$FOLDER/$1.pid" --access-logfile "$FOLDER/$1.log" \
            --error-logfile "$FOLDER/$1.log" config.wsgi
        ;;
    stop)
        end "$1"
        ;;
    ready)
        curl --fail --silent --output /dev/null --max-time 5 "http://127.0.0.1:$port/health/ready"
        ;;
    address)
        printf '127.0.0.1:%s\n' "$port"
        ;;
    check-proxy)
        "$NGINX" -p "$FOLDER/nginx" -c "$FOLDER/nginx/nginx.conf" -t -q
        ;;
    reload-proxy)
        "$NGINX" -p "$FOLDER/nginx" -c "$FOLDER/nginx/nginx.conf" -s reload
        ;;
    public-ready)
        curl --fail --silent --output /dev/null --max-time 5 --cacert "$FOLDER/nginx/cert.pem" \
            "https://127.0.0.1:$NGINX_PORT/health/ready"
        ;;
esac
