#!/bin/bash
# The packages of Debian 12 that Vestnik needs. The one list: quickstart.sh and
# tests/run.sh both come here.
#
#   deploy/install-packages.sh           to build, run and try the demo
#   deploy/install-packages.sh --tests   also what the tests need
#
# Needs root or sudo, but only if something is missing. No service is started or
# enabled: the tests use the programs of postfix, nginx, Dovecot and PostgreSQL, not their
# services, and PostgreSQL gets no cluster.
set -euo pipefail

build=(gcc libc6-dev cmake ninja-build pkg-config
	libsodium-dev libjansson-dev libsqlite3-dev libpq-dev libyaml-dev libcmark-gfm-dev
	libcmark-gfm-extensions-dev libical-dev libzip-dev libexpat1-dev libcsv-dev libesmtp-dev
	libcurl4-openssl-dev libssl-dev libidn2-dev libsystemd-dev librdkafka-dev
	libcmocka-dev libgmime-3.0-dev libxlsxwriter-dev libmicrohttpd-dev)
run=(ca-certificates tzdata openssl procps python3 python3-aiosmtpd)
tests=(clang-14 libclang-rt-14-dev llvm-14 valgrind git python3-venv postfix nginx-light
	postgresql-15 kcat openjdk-17-jdk-headless maven dovecot-core dovecot-imapd
	chromium fonts-dejavu-core wrk)

if [ "$(. /etc/os-release && echo "${ID:-}${VERSION_ID:-}")" != debian12 ]; then
	echo "install-packages: made for Debian 12; elsewhere install these by hand:" >&2
	echo "${build[*]} ${run[*]} ${tests[*]}" >&2
	command -v apt-get >/dev/null || exit 1
fi

wanted=("${build[@]}" "${run[@]}")
# The console's scripts come through npm. Whoever has Node.js from elsewhere keeps it: Debian's npm
# would replace it.
command -v node >/dev/null || wanted+=(nodejs)
command -v npm >/dev/null || wanted+=(npm)
if [ "${1:-}" = --tests ]; then
	wanted+=("${tests[@]}")
elif [ $# -gt 0 ]; then
	sed -n '2,9s/^# \{0,1\}//p' "$0"
	exit 2
fi

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
for package in "${wanted[@]}"; do
	installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
echo "installing: ${missing[*]}"

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "install-packages: needs root or sudo" >&2
		exit 1
	fi
}
root_env() { as_root env DEBIAN_FRONTEND=noninteractive "$@"; }

# What a package's installation would start is not started while this file is
# there (101: "action forbidden"); one that is there already is left alone.
policy=/usr/sbin/policy-rc.d
made_policy=
forbid_starts() {
	[ -e $policy ] && return
	printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
	as_root chmod 755 $policy
	made_policy=yes
}
allow_starts() { [ -z "$made_policy" ] || as_root rm -f $policy; }

# Nor does the first installation of PostgreSQL make a cluster that comes up with the machine.
no_cluster=/etc/postgresql-common/createcluster.d/vestnik.conf
forbid_cluster() {
	as_root mkdir -p ${no_cluster%/*}
	echo "create_main_cluster = false" | as_root tee $no_cluster >/dev/null
}
allow_cluster() { [ ! -e $no_cluster ] || as_root rm -f $no_cluster; }
trap 'allow_starts; allow_cluster' EXIT

forbid_starts
for package in "${missing[@]}"; do
	if [ "$package" = postfix ] && command -v debconf-set-selections >/dev/null; then
		echo "postfix postfix/main_mailer_type select No configuration" | as_root debconf-set-selections
	fi
	[ "$package" != postgresql-15 ] || forbid_cluster
done
root_env apt-get -qq -o Acquire::Retries=3 update
root_env apt-get -qq -y -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 install --no-install-recommends \
	"${missing[@]}" >/dev/null
# enabled by their installation: not to come up with the machine either
for package in "${missing[@]}"; do
	case $package in
	postfix | nginx-light | postgresql-15 | dovecot-core)
		service=${package%-light}
		service=${service%-core}
		! command -v systemctl >/dev/null || as_root systemctl disable --quiet "${service%-15}" 2>/dev/null || true
		;;
	esac
done
