#!/bin/sh
# npm run bench -- NAME [options]; without a name it says which there are
set -eu
cd "$(dirname "$0")/.."
name=${1:-}
if [ -z "$name" ] || [ ! -e "bench/$name.ts" ]; then
	names=$(cd bench && ls ./*.ts | sed 's,^\./,,; s,\.ts$,,' | paste -s -d '|')
	echo "usage: npm run bench -- $names [options]" >&2
	exit 2
fi
shift
sh tools/setup.sh test
exec node_modules/.bin/node "bench/$name.ts" "$@"
