#!/bin/sh
# The driver of docker/deploy.sh for Docker Compose. Each word is a question or an order to it; exit
# code 0 means yes, or done.
#
#   usable                  is all there that it needs? If not, it says in a line what is missing
#   migrate VERSION         bring the tables up to date with that version's code
#   start COLOUR VERSION    start web processes of that version under that colour, in the background
#   stop COLOUR             stop them gently; nothing to do if they don't run
#   ready COLOUR            do they say that they can serve?
#   address COLOUR          print host:port as nginx sees it
#   workers VERSION         replace beat and workers by those of that version
#   check-proxy             is nginx content with its files?
#   reload-proxy            make it read them
#   public-ready            does the service answer where people ask?
set -eu

# Where compose finds .env. That names its files too: without them it would take those for development.
cd -- "$(dirname -- "$0")/../.."
DEPLOY_WORKERS=${DEPLOY_WORKERS:-worker media compile backup drill beat}
DEPLOY_WORKERS_SECONDS=${DEPLOY_WORKERS_SECONDS:-660} # how long each may go on with what it began

of_env_file() { sed -n "s/^$1=//p" .env 2>/dev/null | tail -n 1 | tr -d "\"'"; }
PUBLIC_HOST=${PUBLIC_HOST:-$(of_env_file PUBLIC_HOST)}
COMPOSE_FILE=${COMPOSE_FILE:-$(of_env_file COMPOSE_FILE)}
if [ -z "$PUBLIC_HOST" ] || [ -z "$COMPOSE_FILE" ]; then
    echo "PUBLIC_HOST and COMPOSE_FILE must stand in $(pwd)/.env (docs/deployment.md, 5)" >&2
    exit 2
fi
export PUBLIC_HOST COMPOSE_FILE

compose() { docker compose --profile by-deploy "$@"; }

word=$1
shift
case "$word" in
    usable)
        command -v docker >/dev/null || { echo "Docker is missing" >&2; exit 1; }
        docker compose version >/dev/null 2>&1 || { echo "Docker's compose plugin is missing" >&2; exit 1; }
        ;;
    migrate)
        VERTEXAR_VERSION=$1 compose run --rm migrate
        ;;
    start)
        VERTEXAR_VERSION=$2 compose up --detach --no-deps --force-recreate "web-$1"
        ;;
    stop)
        compose stop --timeout 40 "web-$1"
        ;;
    ready)
        compose exec -T "web-$1" python docker/healthcheck.py ready >/dev/null 2>&1
        ;;
    address)
        printf 'web-%s:8000\n' "$1"
        ;;
    workers)
        # Each ends the task it has first; but a roll-out can't wait for hours, and what is broken off,
        # a backup or a drill, is begun anew by the next one.
        # shellcheck disable=SC2086  # the names are words
        VERTEXAR_VERSION=$1 compose up --detach --no-deps --timeout "$DEPLOY_WORKERS_SECONDS" $DEPLOY_WORKERS
        ;;
    check-proxy)
        compose exec -T nginx nginx -t -q
        ;;
    reload-proxy)
        compose exec -T nginx nginx -s reload
        ;;
    public-ready)
        # The name and its certificate as people meet them, but at this machine.
        curl --fail --silent --show-error --output /dev/null --max-time 5 --connect-to "::127.0.0.1:" \
            "https://$PUBLIC_HOST/health/ready"
        ;;
    *)
        echo "compose.sh does not know $word" >&2
        exit 2
        ;;
esac
