#!/bin/sh
# Have nginx serve a new certificate: what certbot calls, as its --deploy-hook, when it has one.
#   docker/renewed.sh FOLDER      (default: $RENEWED_LINEAGE, which certbot sets)
# In the folder lie fullchain.pem and privkey.pem. Nobody is cut off.
set -eu
from=${1:-${RENEWED_LINEAGE:?which folder? docker/renewed.sh FOLDER}}
from=$(CDPATH='' cd -- "$from" && pwd)
cd -- "$(dirname -- "$0")/.." # where compose finds .env

# One without the other would keep nginx from starting. They are of whoever the folder is, as certbot
# calls this as root.
trap 'rm -f docker/secrets/tls/*.new' EXIT
for name in privkey.pem fullchain.pem; do
    cat "$from/$name" > "docker/secrets/tls/$name.new"
    chown --reference=docker/secrets/tls "docker/secrets/tls/$name.new"
done
for name in privkey.pem fullchain.pem; do
    mv "docker/secrets/tls/$name.new" "docker/secrets/tls/$name"
done
docker/make_secrets.sh
docker compose exec -T nginx nginx -t -q
docker compose exec -T nginx nginx -s reload
