#!/bin/bash
# Makes Meterkast's databases and users, in InfluxDB 2 and 1. The official images run it at their first start; run it
# again whenever a password or SAMPLES_RETENTION_DAYS has changed:
#   docker-compose exec -T influxdb /docker-entrypoint-initdb.d/meterkast.sh
# Passwords come from /run/secrets (or SECRETS): influxdb-writer, influxdb-reader, influxdb-grafana, influxdb-admin and,
# in InfluxDB 2, influxdb-admin-token.
set -euo pipefail # so no `grep -q` in a pipe: it leaves at the first match, and who still writes fails

secrets=${SECRETS:-/run/secrets}
kept=${DOCKER_INFLUXDB_INIT_BUCKET:-meterkast}
sampled=${kept}_samples
days=${SAMPLES_RETENTION_DAYS:-90}

secret() {
    [ -r "$secrets/influxdb-$1" ] || { echo "The secret $secrets/influxdb-$1 is missing: run 'meterkast init'." >&2; exit 1; }
    cat "$secrets/influxdb-$1"
}

wait_for_server() {
    local address=${INFLUX_HOST:-http://localhost:8086}
    address=${address#*://}
    for _ in {1..60}; do
        (: <>"/dev/tcp/${address%%:*}/${address##*:}") 2>/dev/null && return
        sleep 1
    done
    echo "InfluxDB does not answer at $address: look at its log, 'docker compose logs influxdb'." >&2
    exit 1
}

# --- InfluxDB 2: users of its version 1 interface, each with a password of our choice and rights on two buckets ---

bucket_id() {
    { influx bucket list --hide-headers --name "$1" 2>/dev/null || true; } | cut -f1
}

have_bucket() { # name, retention, length of a shard: a week by default, which makes 500 of ten years
    [ -n "$(bucket_id "$1")" ] || influx bucket create --name "$1" >/dev/null
    # `create` refuses a long shard for a bucket that is kept for ever; `update` takes it.
    influx bucket update --id "$(bucket_id "$1")" --retention "$2" --shard-group-duration "$3" >/dev/null
}

have_user_2() { # name, rights
    local name=$1
    shift
    if influx v1 auth list --hide-headers --username "$name" 2>/dev/null | grep . >/dev/null; then
        influx v1 auth set-password --username "$name" --password "$(secret "$name")" >/dev/null
    else
        influx v1 auth create --username "$name" --password "$(secret "$name")" "$@" >/dev/null
    fi
}

version_2() {
    INFLUX_TOKEN=$(secret admin-token)
    export INFLUX_TOKEN INFLUX_ORG=${DOCKER_INFLUXDB_INIT_ORG:-meterkast}
    have_bucket "$kept" 0 8736h
    have_bucket "$sampled" "${days}d" 24h
    local kept_id sampled_id
    kept_id=$(bucket_id "$kept")
    sampled_id=$(bucket_id "$sampled")
    local read=(--read-bucket "$kept_id" --read-bucket "$sampled_id")
    have_user_2 writer "${read[@]}" --write-bucket "$kept_id" --write-bucket "$sampled_id"
    have_user_2 reader "${read[@]}"
    have_user_2 grafana "${read[@]}"
    influx user password --name "${DOCKER_INFLUXDB_INIT_USERNAME:-admin}" --password "$(secret admin)" >/dev/null
}

# --- InfluxDB 1: the same by InfluxQL ---

quoted() {
    printf "'%s'" "$(secret "$1" | sed "s/[\\\\']/\\\\&/g")"
}

run() { # user, password, InfluxQL
    local address=${INFLUX_HOST:-http://localhost:8086} said
    address=${address#*://}
    said=$(INFLUX_USERNAME=$1 INFLUX_PASSWORD=$2 influx -host "${address%%:*}" -port "${address##*:}" -execute "$3" 2>&1) ||
        true
    case $said in
    *ERR:* | 'Failed to connect'*)
        echo "$said" >&2
        return 1
        ;;
    esac
    if [ -n "$said" ]; then printf '%s\n' "$said"; fi
}

ask() { # InfluxQL, as the administrator
    run admin "$(secret admin)" "$1"
}

have_admin() {
    local kept_at=/var/lib/influxdb/.meterkast-admin
    [ -d /var/lib/influxdb2 ] && kept_at=/var/lib/influxdb2/.meterkast-admin
    [ -n "${ADMIN_BEFORE:-}" ] && kept_at=$ADMIN_BEFORE
    if ! ask 'SHOW USERS' 2>/dev/null | grep '^admin[[:space:]]' >/dev/null; then
        if [ -r "$kept_at" ]; then # the secret was changed: the password of before still opens
            run admin "$(cat "$kept_at")" "SET PASSWORD FOR admin = $(quoted admin)"
        else # without any user everybody may make the first one, who must be an administrator
            run '' '' "CREATE USER admin WITH PASSWORD $(quoted admin) WITH ALL PRIVILEGES"
        fi
    fi
    (umask 077 && secret admin >"$kept_at")
}

have_user_1() { # name, right
    if ask 'SHOW USERS' | grep "^$1[[:space:]]" >/dev/null; then
        ask "SET PASSWORD FOR $1 = $(quoted "$1")"
    else
        ask "CREATE USER $1 WITH PASSWORD $(quoted "$1")"
    fi
    ask "GRANT $2 ON \"$kept\" TO $1; GRANT $2 ON \"$sampled\" TO $1"
}

have_database() { # name, duration, that of a shard
    if ask 'SHOW DATABASES' | grep -x "$1" >/dev/null; then
        ask "ALTER RETENTION POLICY autogen ON \"$1\" DURATION $2 SHARD DURATION $3"
    else
        ask "CREATE DATABASE \"$1\" WITH DURATION $2 SHARD DURATION $3"
    fi
}

version_1() {
    have_admin
    have_database "$kept" INF 52w
    have_database "$sampled" "${days}d" 1d
    have_user_1 writer ALL
    have_user_1 reader READ
    have_user_1 grafana READ
}

wait_for_server
case $(influx version 2>/dev/null || influx -version 2>/dev/null) in
*'shell version: 1.'* | *v1.*) version_1 ;;
*) version_2 ;;
esac
echo "InfluxDB has $kept (for ever) and $sampled ($days days), and the users writer, reader and grafana."
