#!/usr/bin/env bash
# Subject: Bun 1.4.5 (npm package @oven/bun-linux-x64@1.4.5).
# Guess, before the first run: `util.debuglog('x')` of Bun is that of Node: with NODE_DEBUG=x it prints and `enabled` is true.
# Seen: it prints, and `enabled` is undefined. A program that asks first, as Node's documentation has it for logs that are
#   costly to make, prints nothing in Bun.
# What follows: ask NODE_DEBUG oneself where `enabled` is undefined.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v npm >/dev/null || { echo 'cannot be tried: npm is missing'; exit 2; }
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'cannot be tried: the pinned Bun is for Linux on x64'; exit 2; }
npm install --silent --no-audit --no-fund --no-save @oven/bun-linux-x64@1.4.5 >/dev/null 2>&1 || { echo 'cannot be tried: npm does not install @oven/bun-linux-x64@1.4.5'; exit 2; }
bun=node_modules/@oven/bun-linux-x64/bin/bun
echo "const log = require('node:util').debuglog('x'); log('printed'); console.log(log.enabled)" >log.cjs
seen=$(NODE_DEBUG=x "$bun" run log.cjs 2>errors)
printed=$(grep -c 'printed' errors)
echo "Bun $("$bun" --version): lines printed by the log: $printed; its enabled: $seen"
[ "$printed" = 1 ] && [ "$seen" = undefined ] && exit 0
exit 1
