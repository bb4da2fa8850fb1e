#!/bin/sh
# Builds programs of a cluster from their Go modules, once per version, and prints the folder they are in.
#   tools/build-go.sh kubernetes   the daemons of Kubernetes; the first time about six minutes and 2.5 GB of memory
#   tools/build-go.sh coredns      CoreDNS; about two minutes
# They are kept in the user's cache: 130 MB and 40 MB.
#   ACCESSLOG_CACHE   the cache's folder, by default ~/.cache/accesslog-operator
set -eu
cd "$(dirname "$0")"

fail() {
	echo "${name:-build-go}: $1" >&2
	exit 1
}

# Without them the daemons call themselves v0.0.0, and clients take them at their word.
kubernetes_version() {
	minor=${version#v1.}
	package=k8s.io/component-base/version
	echo "-X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
}

build() {
	command -v go >/dev/null || fail "go is missing: install the version that tools/$name/go.mod names, or a later one"
	echo "$name: building $version, once; this takes minutes" >&2
	go build -C "$name" -trimpath -tags providerless -ldflags "-s -w $version_flags" -o "$folder/$name" . >&2 ||
		fail "$version does not build; the words of go are above"
	for link in $links; do ln -sf "$name" "$folder/$link"; done
	touch "$folder/complete"
}

name=${1:-}
links=
version_flags=
case "$name" in
kubernetes)
	module=k8s.io/kubernetes
	links="kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet"
	;;
coredns) module=github.com/coredns/coredns ;;
*) fail "usage: tools/build-go.sh kubernetes|coredns" ;;
esac

version=$(awk -v module="$module" '$1 == module || $2 == module { print $NF }' "$name/go.mod")
[ -n "$version" ] || fail "tools/$name/go.mod names no version of $module"
[ "$name" = coredns ] || version_flags=$(kubernetes_version)
sources=$(cat "$name/go.mod" "$name/go.sum" "$name/main.go" build-go.sh | sha256sum | cut -c 1-8)
cache=${ACCESSLOG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/accesslog-operator}
folder=$cache/$name-$version-$sources

if [ ! -e "$folder/complete" ]; then
	mkdir -p "$folder"
	exec 9>"$folder/lock"
	flock 9 # two at once would build twice
	[ -e "$folder/complete" ] || build
fi
echo "$folder"
