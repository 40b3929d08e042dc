#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Tries the Debian package in a chroot of its own: installs it, uses it, upgrades it under a switchboard that runs, removes and
# purges it, and looks for what is left. As root.
#
#     packaging/try.sh FIRST.deb SECOND.deb
#
# SECOND is of a later version. Needs mmdebstrap. No service manager is started: where the maintainer scripts would speak to one,
# they speak to a stand-in for systemctl, which does what is asked of the one switchboard that this script has started.
set -euo pipefail
first=$(realpath "$1") second=$(realpath "$2")
release=$(. /etc/os-release && echo "$VERSION_CODENAME")

# Mounts that are made from here on are this process's alone, and go with it.
if [ "${FLOWER_TRY:-}" != inside ]; then
  FLOWER_TRY=inside exec unshare --mount --pid --fork --kill-child "$0" "$first" "$second"
fi
work=$(mktemp -d)
root=$work/root
trap 'umount -R "$root/proc" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT

say() { printf '== %s\n' "$*"; }
fail() { echo "try.sh: $*" >&2; exit 1; }
in_root() { chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
# All files but those in which dpkg, apt and the system keep what they know.
files() {
  (cd "$root" && find . -xdev \( -path ./proc -o -path ./tmp -o -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/cache \
    -o -path ./var/log/apt -o -path ./var/log/dpkg.log -o -path ./var/log/alternatives.log -o -path ./etc/ld.so.cache \) -prune -o -print | sort)
}

say "a chroot with Debian's $release"
mmdebstrap --quiet --mode=root --variant=apt --include=systemd,libssl3,man-db,bash-completion "$release" "$root"
mount -t proc proc "$root/proc"
mkdir -p "$root/run/systemd/system"
cat >"$root/usr/local/bin/systemctl" <<'S'
#!/bin/sh
# Stands in for systemctl, for one switchboard; links of units it makes as ever.
echo "$*" >>/tmp/systemctl
case "$*" in
  *enable* | *preset* | *mask*) exec /usr/bin/systemctl "$@" ;;
  *is-active*flower-switchboard*) [ -s /tmp/pid ] && kill -0 "$(cat /tmp/pid)" 2>/dev/null ;;
  *kill*USR2*flower-switchboard*) kill -USR2 "$(cat /tmp/pid)" ;;
esac
S
chmod 755 "$root/usr/local/bin/systemctl"
cp "$first" "$root/tmp/first.deb"
cp "$second" "$root/tmp/second.deb"
files >"$work/before"
cp "$root/etc/passwd" "$work/passwd"

say "install"
in_root dpkg --install /tmp/first.deb
in_root flower --version
for user in flower flower-ingress flower-egress flower-resolver; do
  in_root getent passwd "$user" >/dev/null || fail "there is no user $user"
done
in_root setpriv --reuid flower --regid flower --clear-groups flower switchboard --check-config /etc/flower/switchboard.json
in_root man -w flower-cat flower-labels >/dev/null || fail "there is no manual"
in_root bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader flower; complete -p flower' >/dev/null
[ "$(in_root stat -c %U:%a /run/flower)" = flower:755 ] || fail "/run/flower is not the switchboard's"
grep -q 'start.*flower-switchboard' "$root/tmp/systemctl" || fail "the switchboard was not to be started"
[ -L "$root/etc/systemd/system/multi-user.target.wants/flower-switchboard.service" ] || fail "the switchboard is not enabled"

say "a switchboard, with a server and a client"
in_root setpriv --reuid flower --regid flower --clear-groups sh -c 'echo $$ >/tmp/pid.new; exec flower switchboard \
  --config /etc/flower/switchboard.json --listen /run/flower/switchboard.sock' 2>"$work/log" &
for _ in $(seq 100); do [ -S "$root/run/flower/control.sock" ] && break; sleep 0.1; done
cp "$root/tmp/pid.new" "$root/tmp/pid"
in_root flower cat -l -k service=kept --exec 'echo kept' 2>>"$work/log" &
for _ in $(seq 100); do in_root flower ls | grep -q kept && break; sleep 0.1; done
[ "$(in_root flower cat -d service=kept)" = kept ] || fail "the server does not answer"
target=$(in_root flower ls)

say "upgrade"
: >"$root/tmp/systemctl"
in_root dpkg --install /tmp/second.deb
! grep -e ' stop ' -e restart "$root/tmp/systemctl" || fail "the switchboard was to be stopped"
for _ in $(seq 100); do in_root kill -0 "$(cat "$root/tmp/pid")" 2>/dev/null || break; sleep 0.1; done
in_root kill -0 "$(cat "$root/tmp/pid")" 2>/dev/null && { cat "$work/log"; fail "the old switchboard still runs"; }
[ "$(in_root flower ls)" = "$target" ] || fail "the server is lost"
[ "$(in_root flower cat -d service=kept)" = kept ] || fail "the server does not answer after the upgrade"
grep -q 'replaced by process' "$work/log" || fail "it was not replaced"

say "a configuration that was changed is kept"
echo '{ "grants": [] }' >"$root/etc/flower/switchboard.json"
in_root dpkg --install --force-confold /tmp/first.deb
grep -q '"grants": \[\] }' "$root/etc/flower/switchboard.json" || fail "the configuration was overwritten"

say "remove"
kill %1 %2 2>/dev/null || true
in_root sh -c 'for p in /proc/[0-9]*; do [ "$(readlink "$p/exe")" = /usr/bin/flower ] && kill "${p#/proc/}"; done; true'
wait
in_root dpkg --remove flower
[ ! -e "$root/usr/bin/flower" ] || fail "the program is still there"
[ -e "$root/etc/flower/switchboard.json" ] || fail "the configuration went with it"

say "purge"
in_root dpkg --purge flower
files >"$work/after"
# A user stays, as Debian's policy advises: its number may be on files elsewhere.
left=$(diff "$work/before" "$work/after" | grep '^>' | grep -v -e ' \./run/flower' -e ' \./etc/[a-z]*-$' -e '/\.pwd\.lock$' || true)
[ -z "$left" ] || fail "left behind: $left"
say "good"
