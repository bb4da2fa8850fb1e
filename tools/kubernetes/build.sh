#!/bin/sh
# Builds the daemons of a Kubernetes cluster from their Go module, once per version, and prints the folder they are in.
# The first build takes about six minutes and 2.5 GB of memory; the result (150 MB) is kept in the user's cache.
#   ACCESSLOG_CACHE   the cache's folder, by default ~/.cache/accesslog-operator
set -eu
cd "$(dirname "$0")"

DAEMONS="kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet"
PACKAGE=k8s.io/component-base/version

fail() {
	echo "kubernetes: $1" >&2
	exit 1
}

build() {
	command -v go >/dev/null || fail "go is missing: install the Go version that tools/kubernetes/go.mod names, or later"
	minor=${version#v1.}
	minor=${minor%%.*}
	echo "kubernetes: building $version once, about six minutes" >&2
	go build -trimpath -tags providerless -o "$1" \
		-ldflags "-s -w -X $PACKAGE.gitVersion=$version -X $PACKAGE.gitMajor=1 -X $PACKAGE.gitMinor=$minor" . >&2 ||
		fail "$version does not build; the words of go are above"
}

version=$(awk '$1 == "k8s.io/kubernetes" || $2 == "k8s.io/kubernetes" { print $NF }' go.mod)
[ -n "$version" ] || fail "go.mod names no version of k8s.io/kubernetes"
sources=$(cat go.mod go.sum main.go build.sh | sha256sum | cut -c 1-8)
cache=${ACCESSLOG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/accesslog-operator}
folder=$cache/kubernetes-$version-$sources

if [ ! -e "$folder/complete" ]; then
	mkdir -p "$folder"
	exec 9>"$folder/lock"
	flock 9 # two at once would build twice
	if [ ! -e "$folder/complete" ]; then
		build "$folder/kubernetes"
		for daemon in $DAEMONS; do ln -sf kubernetes "$folder/$daemon"; done
		touch "$folder/complete"
	fi
fi
echo "$folder"
