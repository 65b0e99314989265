#!/bin/sh
# Make the secrets that compose.yaml mounts, as far as they are not there: safe to repeat.
#   docker/make_secrets.sh [folder]          (default: docker/secrets)
# The folder is its owner's alone; the files in it can be read by whichever user a container runs as,
# and written by their owner. Run it again after you replaced one: it sees to that.
# What only you know goes into the empty files: email_url, sentry_dsn, slack_webhook, backup_…
set -eu
umask 077
folder="${1:-$(dirname "$0")/secrets}"
mkdir -p "$folder/tls"
chmod 700 "$folder"
cd "$folder"

random() { openssl rand -hex "$1"; }

# keep NAME: write what comes in, unless there is such a file; whole or not at all
keep() {
    if [ -e "$1" ]; then
        cat > /dev/null
    else
        cat > "$1.new"
        mv "$1.new" "$1"
        echo "made $1"
    fi
}

random 32 | keep secret_key
random 24 | keep postgres_password
random 24 | keep valkey_password
random 24 | keep metrics_token
random 12 | keep grafana_password
random 12 | keep admin_password
random 10 | keep s3_access_key
random 24 | keep s3_secret_key
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2> /dev/null | keep jwt_private_keys
openssl genpkey -algorithm ED25519 | keep backup_signing_key
printf 'postgresql://vertexar:%s@postgres:5432/vertexar\n' "$(cat postgres_password)" | keep database_url
printf 'redis://:%s@valkey:6379/0\n' "$(cat valkey_password)" | keep redis_url
printf 'file:///data/backups\n' | keep backup_destinations

# Who may do what in the bucket: we all, the world read what it knows the name of (nginx withholds
# what people uploaded as it came), and nobody else anything.
keep s3_identities.json << EOF
{
  "identities": [
    {
      "name": "vertexar",
      "credentials": [{"accessKey": "$(cat s3_access_key)", "secretKey": "$(cat s3_secret_key)"}],
      "actions": ["Admin", "Read", "Write", "List", "Tagging"]
    },
    {"name": "anonymous", "actions": ["Read:vertexar-media"]}
  ]
}
EOF

for name in email_url sentry_dsn slack_webhook smtp_password backup_drill_identity; do
    : | keep "$name"
done

# Until you put your own there: a certificate that no browser trusts, for this machine.
if [ ! -e tls/fullchain.pem ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 \
        -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
        -keyout tls/privkey.pem -out tls/fullchain.pem 2> /dev/null
    echo "made tls/fullchain.pem for localhost"
fi

chmod 755 tls
find . -type f -exec chmod 644 {} +
