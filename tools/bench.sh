#!/bin/sh
# npm run bench -- capture|pipeline [options]
set -eu
cd "$(dirname "$0")/.."
name=${1:-}
if [ -z "$name" ] || [ ! -e "bench/$name.ts" ]; then
	echo "usage: npm run bench -- capture|pipeline [options]" >&2
	exit 2
fi
shift
sh tools/setup.sh test
exec node_modules/.bin/node "bench/$name.ts" "$@"
