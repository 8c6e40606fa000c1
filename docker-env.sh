#!/bin/sh
# What docker-compose.yml needs to know, written into .env beside it: who owns the inbox, the time
# zone, and a token for the dashboard. Makes the inbox, too. Adds only what .env does not say yet,
# so it may be run again; what stands there is never changed.
set -eu
cd "$(dirname "$0")"
(umask 077 && touch .env)
chmod 600 .env
[ -z "$(tail -c 1 .env)" ] || echo >>.env

# The last value of a name in .env, without quotes.
told() {
    sed -n "s/^$1=//p" .env | tail -n 1 | sed "s/^[\"']\(.*\)[\"']\$/\1/"
}

add() {
    [ -n "$(told "$1")" ] || printf '%s=%s\n' "$1" "$2" >>.env
}

# Under sudo it is for whoever called it; root itself lets the services run as a user of their own.
uid=$(id -u) gid=$(id -g)
if [ "$uid" -eq 0 ]; then
    uid=${SUDO_UID:-10001} gid=${SUDO_GID:-10001}
    [ -z "${SUDO_UID:-}" ] || chown "$uid:$gid" .env
fi
add OWNER_UID "$uid"
add OWNER_GID "$gid"

zone=${TZ:-$(readlink /etc/localtime || true)}
zone=$(printf %s "${zone##*/zoneinfo/}" | tr -d "\"'" | sed 's/^://')
case $zone in
'' | /* | *[!A-Za-z0-9_+/-]*) zone=UTC ;;
esac
add TZ "$zone"

add EARMARK_DASHBOARD_TOKEN "$(od -An -N 20 -tx1 /dev/urandom | tr -d ' \n')"

inbox=${EARMARK_INBOX:-$(told EARMARK_INBOX)}
inbox=${inbox:-inbox}
case $inbox in
"~/"*) inbox=$HOME/${inbox#"~/"} ;;
esac
owner=$(told OWNER_UID)
if [ ! -d "$inbox" ]; then
    mkdir -p "$inbox"
    [ "$(id -u)" -ne 0 ] || chown "$owner:$(told OWNER_GID)" "$inbox"
fi
if [ "$(ls -ldn "$inbox" | awk '{ print $3 }')" != "$owner" ]; then
    echo "$inbox does not belong to user $owner, whom the services run as: sudo chown -R $owner $inbox" >&2
fi

echo "The services run as user $owner, in the time zone $(told TZ): .env says so."
echo "Drop wav files into $inbox. The dashboard's token, for http://127.0.0.1:8765, stands in .env."
