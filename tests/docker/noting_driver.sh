#!/bin/sh
# A driver of docker/deploy.sh that starts nothing: it notes its orders, fails where FAILS says so, and
# waits where a pipe lies.
set -eu

word=$1
told=$(printf '%s ' "$@")
told=${told% }
case "$word" in
    usable | ready | public-ready | address | check-proxy) ;;
    *) printf '%s\n' "$told" >>"$FOLDER/orders" ;;
esac
[ ! -p "$FOLDER/$word" ] || read -r _ <"$FOLDER/$word"
[ "$told" != "${FAILS:-}" ] || exit 1
case "$word" in
    start) touch "$FOLDER/$2.up" ;;
    stop) rm -f "$FOLDER/$2.up" ;;
    ready) [ -e "$FOLDER/$2.up" ] ;;
    address) printf '%s:8000\n' "$2" ;;
esac
