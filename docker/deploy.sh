#!/bin/sh
# Roll a version out beside the one that runs, switch nginx over, and go back by itself if that fails.
#
#   docker/deploy.sh to VERSION   migrate, start the idle colour, wait until it is ready, switch, watch
#   docker/deploy.sh back         the same with the version before, and without touching the database
#   docker/deploy.sh retire       stop the colour that nobody is sent to any more
#   docker/deploy.sh status       say which version is where
#
# How a colour is started and nginx reloaded is the driver's business: docker/deploy/compose.sh, which
# also says what a driver is asked. docs/runbooks/rollback.md is for the person who runs this.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
DEPLOY_DRIVER=${DEPLOY_DRIVER:-$here/deploy/compose.sh}
DEPLOY_STATE=${DEPLOY_STATE:-$here/deploy/state}
DEPLOY_UPSTREAM=${DEPLOY_UPSTREAM:-$here/nginx/site/upstream.conf}
DEPLOY_READY_SECONDS=${DEPLOY_READY_SECONDS:-120} # how long a new colour may take to get ready
DEPLOY_READY_TIMES=${DEPLOY_READY_TIMES:-3}       # how often in a row it must say so
DEPLOY_WATCH_SECONDS=${DEPLOY_WATCH_SECONDS:-30}  # how long it is watched once people are sent to it
DEPLOY_WATCH_FAILURES=${DEPLOY_WATCH_FAILURES:-3} # how often in a row it may fail in that time
DEPLOY_DRAIN_SECONDS=${DEPLOY_DRAIN_SECONDS:-130} # as long as nginx lets a request take
DEPLOY_POLL_SECONDS=${DEPLOY_POLL_SECONDS:-1}

# Whom it says it to may be gone, as is an SSH session that was cut off: then it is written down.
say() {
    line="$(date -u +%Y-%m-%dT%H:%M:%SZ) $1"
    printf '%s\n' "$line" >&2 2>/dev/null || {
        exec >>"$DEPLOY_STATE/log" 2>&1
        printf '%s\n' "$line"
    }
}
refuse() { say "$1"; exit 2; }
fail() { reason=$1; exit 1; }
driver() { "$DEPLOY_DRIVER" "$@" 9>&-; } # what it leaves running must not hold our lock
now() { date +%s; }
kept() { cat "$DEPLOY_STATE/$1" 2>/dev/null || true; }
keep() { printf '%s\n' "$2" >"$DEPLOY_STATE/$1.new" && mv "$DEPLOY_STATE/$1.new" "$DEPLOY_STATE/$1"; }

wait_until_ready() {
    deadline=$(($(now) + DEPLOY_READY_SECONDS))
    good=0
    while [ "$good" -lt "$DEPLOY_READY_TIMES" ]; do
        if driver ready "$1"; then good=$((good + 1)); else good=0; fi
        [ "$(now)" -le "$deadline" ] || return 1
        sleep "$DEPLOY_POLL_SECONDS"
    done
}

send_people_to() {
    address=$(driver address "$1") || return 1
    cp "$DEPLOY_UPSTREAM" "$DEPLOY_UPSTREAM.before" || return 1
    printf '# Written by deploy.sh: %s\nupstream web {\n    server %s max_fails=0;\n}\n' "$1" "$address" \
        >"$DEPLOY_UPSTREAM.new" || return 1
    mv "$DEPLOY_UPSTREAM.new" "$DEPLOY_UPSTREAM" || return 1
    if driver check-proxy; then
        is_switched=yes
        if driver reload-proxy; then
            keep live "$1" && keep switched "$(now)"
            return
        fi
        is_switched=no
    fi
    mv "$DEPLOY_UPSTREAM.before" "$DEPLOY_UPSTREAM"
    return 1
}

stays_well() {
    deadline=$(($(now) + DEPLOY_WATCH_SECONDS))
    bad=0
    while :; do
        if driver public-ready; then bad=0; else bad=$((bad + 1)); fi
        [ "$bad" -lt "$DEPLOY_WATCH_FAILURES" ] || return 1
        [ "$(now)" -lt "$deadline" ] || return 0
        sleep "$DEPLOY_POLL_SECONDS"
    done
}

# What nginx took before the switch may still be on its way to the colour it was meant for.
drain() {
    switched=$(kept switched)
    left=$((${switched:-0} + DEPLOY_DRAIN_SECONDS - $(now)))
    if [ "$left" -gt 0 ]; then
        say "Waiting ${left} s for requests that $1 was given before the switch"
        sleep "$left"
    fi
}

undo() {
    trap '' HUP INT TERM PIPE
    set +e
    say "$reason"
    if [ -z "$live" ]; then
        say "There was no version before: nothing to go back to but what nginx asked until now"
        if [ "$is_switched" = yes ]; then
            mv "$DEPLOY_UPSTREAM.before" "$DEPLOY_UPSTREAM"
            rm -f "$DEPLOY_STATE/live"
            if ! driver reload-proxy; then
                say "ATTENTION: nginx could not be sent back; $next is left running"
                return
            fi
            drain "$next"
        fi
        driver stop "$next"
        return
    fi
    if [ "$is_switched" = yes ] && ! send_people_to "$live"; then
        say "ATTENTION: nginx could not be sent back to $live; $next is left running"
        return
    fi
    if [ "$is_switched" = yes ]; then
        say "People are sent to $live_version ($live) again"
    fi
    if [ "$has_workers" = yes ] && ! driver workers "$live_version"; then
        say "ATTENTION: the workers are not those of $live_version"
    fi
    [ "$is_switched" = no ] || drain "$next"
    if [ "$is_started" = yes ] && ! driver stop "$next"; then
        say "ATTENTION: $next could not be stopped"
    fi
    say "Rolled back: people are served by $live_version ($live)"
}

# Asked before anything is touched; the driver says what is missing.
need_driver() { driver usable || exit 2; }

renew_workers() {
    has_workers=yes
    driver workers "$version" || fail "The workers of $version can't be started"
}

roll_out() {
    version=$1
    is_started=no has_workers=no is_switched=no
    reason="$version broke off"
    trap undo EXIT
    trap 'fail Interrupted' HUP INT TERM PIPE
    keep "$next.before" "$live_version"
    # `to` starts it anew even if it is there: settings and secrets may have changed.
    if [ "$2" = to ] || [ "$(kept "$next")" != "$version" ] || ! driver ready "$next"; then
        drain "$next"
        driver stop "$next"
        is_started=yes
        keep "$next" "$version"
        say "Starting $version as $next"
        driver start "$next" "$version" || fail "$version can't be started"
    fi
    wait_until_ready "$next" || fail "$version did not get ready within $DEPLOY_READY_SECONDS s"
    # New workers understand what old web processes ask for, which can't be said the other way round.
    [ "$2" = back ] || renew_workers
    send_people_to "$next" || fail "nginx refuses the switch to $version"
    say "People are sent to $version ($next); watching for $DEPLOY_WATCH_SECONDS s"
    stays_well || fail "$version fails where people ask it"
    [ "$2" = to ] || renew_workers
    trap '' HUP PIPE
    trap - EXIT INT TERM
    say "$version is live; ${live:-no other colour} stays until the next roll-out or \`retire\`"
}

mkdir -p "$DEPLOY_STATE"
exec 9>"$DEPLOY_STATE/lock"
flock --nonblock 9 || refuse "Another roll-out is under way"
# One word says who is live. What that colour is, and what was live before it, was written when it was
# started, so that whoever is killed in between leaves nothing half said.
live=$(kept live)
live_version=$(kept "${live:-none}")
before=$(kept "${live:-none}.before")
if [ "$live" = blue ]; then next=green; else next=blue; fi

case "${1:-}" in
    to)
        [ -n "${2:-}" ] || refuse "Which version? deploy.sh to VERSION"
        need_driver
        say "Migrating to $2; what runs goes on with tables that only grow"
        driver migrate "$2" || { say "The migration failed: nothing was changed for people"; exit 1; }
        roll_out "$2" to
        ;;
    back)
        [ -n "$before" ] || refuse "No version before this one is known"
        need_driver
        roll_out "$before" back
        ;;
    retire)
        need_driver
        drain "$next"
        driver stop "$next"
        say "$next is stopped"
        ;;
    status)
        printf 'live: %s (%s)\nbefore: %s\n' "${live_version:-none}" "${live:-no colour}" "$before"
        ;;
    *)
        refuse "deploy.sh to VERSION | back | retire | status"
        ;;
esac
