#!/bin/bash
# Meterkast without Docker, on Debian, Ubuntu or Raspberry Pi OS:
#
#   sudo ./install.sh              install, or upgrade what is installed
#   sudo ./install.sh rollback     back to the version before
#   sudo ./install.sh uninstall    remove the programs; settings, history and backups stay
#
# Programs go to /opt/meterkast/<version> (a Python environment each; `current` points at the one that runs), settings to
# /etc/meterkast, history to /var/lib/meterkast, backups to /var/backups/meterkast. `make bundle` makes the folder in
# which this script stands with everything it installs; what others have written comes from PyPI, or from `wheels`.
set -euo pipefail

OPT=/opt/meterkast
ETC=/etc/meterkast
STATE=/var/lib/meterkast
BACKUPS=/var/backups/meterkast
UNITS=/etc/systemd/system
COMMAND=/usr/local/bin/meterkast
SERVICES="reader parser history api console"
HERE=$(cd "$(dirname "$0")" && pwd)

say() { echo "meterkast: $*"; }
die() { echo "meterkast: $*" >&2; exit 1; }

need() {
    [ "$(id -u)" = 0 ] || die "this needs root: sudo $0 $*"
    command -v systemctl >/dev/null || die "there is no systemd here; docs/install.md says what to do without"
}

python() {
    local each
    for each in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$each" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$each"
            return
        fi
    done
    die "Python 3.11 or newer with venv is missing: apt install python3-venv"
}

active() { # the units of ours that run
    local unit
    for unit in meterkast.target meterkast.service; do
        systemctl is-active --quiet "$unit" && echo "$unit"
    done
    return 0
}

point() { # point NAME VERSION: the link takes its new place in one step
    ln -sfn "$2" "$OPT/.$1"
    mv -T "$OPT/.$1" "$OPT/$1"
}

build() { # build VERSION: a Python environment with everything, complete or not there
    local folder=$OPT/$1
    [ -e "$folder/complete" ] && return
    rm -rf "$folder"
    say "making $folder"
    "$(python)" -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --find-links "$HERE/wheels" \
        --requirement "$HERE/requirements.txt"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --no-deps "$HERE"/wheels/meterkast*.whl
    "$folder/bin/meterkast" --version >/dev/null
    cp -R "$HERE/systemd" "$folder/systemd"
    touch "$folder/complete"
}

user() {
    getent passwd meterkast >/dev/null ||
        useradd --system --home-dir "$STATE" --no-create-home --shell /usr/sbin/nologin --user-group meterkast
    install -d -m 0755 "$ETC"
    install -d -m 0750 -o meterkast -g meterkast "$STATE"
    install -d -m 0700 -o meterkast -g meterkast "$BACKUPS"
    [ -e "$ETC/meterkast.toml" ] || install -m 0640 -g meterkast "$HERE/systemd/meterkast.toml" "$ETC/meterkast.toml"
}

units() { # units VERSION: those of that version, and nothing of another
    local from=$OPT/$1/systemd service
    unplug
    install -m 0755 "$from/meterkast" "$COMMAND"
    install -m 0644 "$from"/*.service "$from"/*.target "$from"/*.timer "$UNITS"
    cp -R "$from"/*.service.d "$UNITS"
    for service in $SERVICES; do
        if [ -e "$ETC/secrets/mqtt-$service" ]; then
            install -D -m 0644 "$from/secrets.conf" "$UNITS/meterkast-$service.service.d/secrets.conf"
        fi
    done
    if [ -e "$ETC/secrets/web-password" ]; then
        install -D -m 0644 "$from/web-password.conf" "$UNITS/meterkast-api.service.d/web-password.conf"
    fi
    systemctl daemon-reload
}

unplug() {
    rm -f "$UNITS"/meterkast.{service,target} "$UNITS"/meterkast-*.{service,timer} "$COMMAND"
    rm -rf "$UNITS/meterkast-.service.d" "$UNITS/meterkast.service.d"
    rm -f "$UNITS"/meterkast-*.service.d/{secrets,web-password}.conf
    rmdir --ignore-fail-on-non-empty "$UNITS"/meterkast-*.service.d 2>/dev/null || true
}

switch() { # switch VERSION: stop, change, start again what ran
    local running
    running=$(active)
    # shellcheck disable=SC2086  # units, one word each
    [ -z "$running" ] || systemctl stop $running
    [ "$(readlink "$OPT/current" || true)" = "$1" ] || {
        [ ! -e "$OPT/current" ] || point previous "$(readlink "$OPT/current")"
        point current "$1"
    }
    units "$1"
    # shellcheck disable=SC2086
    [ -z "$running" ] || systemctl start $running
}

backup() { # what the version that runs knows, in a file of its own kind
    [ -e "$OPT/current" ] && [ -n "$(ls -A "$STATE" 2>/dev/null)" ] || return 0
    local file=$BACKUPS/before-$1.tar
    say "taking a backup first"
    "$COMMAND" backup "$file" || die "nothing was changed. To go on without a backup: NO_BACKUP=1 $0"
}

thin_out() { # the version that runs and the one before it stay
    local each
    for each in "$OPT"/*/; do
        each=$(basename "$each")
        case "$each" in
        current | previous | "$(readlink "$OPT/current")" | "$(readlink "$OPT/previous" || true)") ;;
        *) rm -rf "${OPT:?}/$each" ;;
        esac
    done
}

install_() {
    need
    local version before
    version=$(cat "$HERE/VERSION" 2>/dev/null) || die "$HERE is no bundle: make one by \`make bundle\` in the source"
    before=$(readlink "$OPT/current" 2>/dev/null || true)
    install -d -m 0755 "$OPT"
    build "$version"
    user
    [ "$before" = "$version" ] || [ -n "${NO_BACKUP:-}" ] || backup "$version"
    switch "$version"
    thin_out
    [ "$before" != "$version" ] || say "$version was installed already; its units are put in place again"
    if [ -z "$before" ]; then
        systemctl enable --quiet --now meterkast-backup.timer
        say "$version is installed. Write your source into $ETC/meterkast.toml, then"
        say "  systemctl enable --now meterkast           everything in one process, with a broker of its own; or"
        say "  systemctl enable --now meterkast.target $(printf 'meterkast-%s ' $SERVICES)"
        say "                                             a service each, with the Mosquitto of this machine"
    elif [ "$before" != "$version" ]; then
        say "$version runs in place of $before; back again: $0 rollback"
    fi
}

rollback() {
    need rollback
    local current previous
    current=$(readlink "$OPT/current" || true)
    previous=$(readlink "$OPT/previous" || true)
    [ -n "$previous" ] && [ -e "$OPT/$previous/complete" ] || die "there is no version to go back to"
    switch "$previous"
    say "$previous runs in place of $current"
    say "where it says that a file is of a newer version: docs/upgrade.md; the backup is $BACKUPS/before-$current.tar"
}

uninstall() {
    need uninstall
    systemctl disable --quiet --now meterkast.service meterkast.target meterkast-backup.timer \
        $(printf 'meterkast-%s.service ' $SERVICES) 2>/dev/null || true
    unplug
    systemctl daemon-reload
    rm -rf "$OPT"
    say "removed. Settings in $ETC, history in $STATE and backups in $BACKUPS are still there"
}

case "${1:-install}" in
install) install_ ;;
rollback) rollback ;;
uninstall) uninstall ;;
*) sed -n '2,12s/^# \{0,1\}//p' "$0" ;;
esac
