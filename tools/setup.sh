#!/bin/sh
# Makes a bare Debian 12 machine ready: packages, node_modules, BPF objects and helper. Does only what is missing.
#   sh tools/setup.sh run     what `npm start` needs
#   sh tools/setup.sh cluster what `npm run cluster` needs: a real Kubernetes API server, and nodes with real pods
#   sh tools/setup.sh test    all of that, and the programs that tests and benchmarks drive
set -eu
cd "$(dirname "$0")/.."

BUILD_PACKAGES="clang llvm libbpf-dev libcbor-dev libelf-dev libzydis-dev zlib1g-dev bpftool make pkg-config gcc libc6-dev"
TEST_PACKAGES="nginx wrk haproxy curl python3 openssl libssl-dev android-libboringssl-dev android-libboringssl libgnutls30 iproute2 clang-format apache2-utils apache2-bin nghttp2-client nghttp2-server"
CLUSTER_PACKAGES="etcd-server openssl iproute2 util-linux unzip containerd runc containernetworking-plugins nftables iptables conntrack debootstrap gcc libc6-dev"
SERVICE_POLICY=/usr/sbin/policy-rc.d

say() {
	echo "setup: $*" >&2
}

fail() {
	say "$1"
	shift
	for line in "$@"; do echo "       $line" >&2; done
	exit 1
}

missing_packages() {
	for package in "$@"; do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
		[ "$status" = installed ] || echo "$package"
	done
}

apt_get() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1 && return 0
	tail -n 5 "$log" >&2
	return 1
}

cleanup() {
	rm -f "$log"
	[ "$policy" = present ] || rm -f "$SERVICE_POLICY"
}

# The packages of servers must not start them: policy-rc.d forbids it while they are installed (invoke-rc.d(8)).
forbid_services() {
	[ "$policy" = absent ] || return 0
	printf '#!/bin/sh\nexit 101\n' >"$SERVICE_POLICY"
	chmod 755 "$SERVICE_POLICY"
}

install_packages() {
	# shellcheck disable=SC2086 # names are words
	missing=$(missing_packages $1 | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	by_hand="by hand: apt-get install $missing"
	[ "$(id -u)" = 0 ] || fail "Debian packages are missing, and installing them takes root" "$by_hand"
	say "installing $missing"
	log=$(mktemp)
	policy=$([ -e "$SERVICE_POLICY" ] && echo present || echo absent)
	trap cleanup EXIT
	trap 'exit 130' INT TERM
	apt_get update || fail "apt-get update failed: is there a network, is /etc/apt/sources.list right?" "$by_hand"
	forbid_services
	# shellcheck disable=SC2086
	apt_get install -y --no-install-recommends $missing || fail "apt-get install failed" "$by_hand"
	cleanup
	trap - EXIT INT TERM
}

# Elsewhere the names of packages differ: only the tools that must be there are looked for.
require_tools() {
	for tool in clang bpftool make gcc pkg-config; do
		command -v "$tool" >/dev/null || fail "$tool is missing, and this is not a Debian" \
			"install what matches the Debian packages: $1"
	done
	say "not a Debian: taking it that the counterparts of these packages are there: $1"
}

install_modules() {
	command -v npm >/dev/null || fail "npm is missing" "by hand: apt-get install npm (or Node.js 20 or later)"
	# npm writes this file last; a lock newer than it asks for more than is there.
	installed=node_modules/.package-lock.json
	if [ -x node_modules/.bin/node ] && [ -e "$installed" ] && [ ! package-lock.json -nt "$installed" ]; then
		return 0
	fi
	say "installing npm packages"
	npm ci --no-audit --no-fund --loglevel=error >&2 || fail "npm ci failed: is there a network?" "by hand: npm ci"
	touch "$installed"
}

build() {
	say "building bpf and native"
	make -s -j "$(nproc)" -C bpf >&2 || fail "the BPF programs do not build" "the compiler's words are above; try: make -C bpf clean all"
	make -s -j "$(nproc)" -C native >&2 || fail "the helper does not build" "the compiler's words are above; try: make -C native clean all"
	build_sources
}

# Built, and not run from its sources, because stripping types costs memory in every thread of the agent.
build_sources() {
	stamp=build/js/.stamp
	[ ! -e "$stamp" ] || [ -n "$(find agent operator crds tsconfig.json tsconfig.build.json package.json tools/bundle.ts tools/bundle -newer "$stamp" -print -quit)" ] || return 0
	say "building agent and operator"
	PATH="$PWD/node_modules/.bin:$PATH" tsc -p tsconfig.build.json >&2 || fail "agent or operator does not build" "the compiler's words are above"
	node_modules/.bin/node tools/bundle.ts >&2 || fail "the operator cannot be bundled" "esbuild's words are above"
	touch "$stamp"
}

cluster_tools() {
	tools/build-go.sh kubernetes >/dev/null
	tools/build-go.sh coredns >/dev/null
	sh tools/bin/link.sh
}

case "${1:-}" in
run) packages=$BUILD_PACKAGES ;;
cluster) packages=$CLUSTER_PACKAGES ;;
test) packages="$BUILD_PACKAGES $TEST_PACKAGES $CLUSTER_PACKAGES" ;;
*) fail "usage: sh tools/setup.sh run|cluster|test" ;;
esac

[ "$(uname -s)" = Linux ] || fail "this is $(uname -s); the capture needs Linux"
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
	install_packages "$packages"
else
	require_tools "$packages"
fi
install_modules
[ "$1" = cluster ] || build
[ "$1" = run ] || cluster_tools
