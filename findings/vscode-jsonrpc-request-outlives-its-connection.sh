#!/usr/bin/env bash
# Subject: vscode-jsonrpc 10.0.0 (npm package vscode-jsonrpc@10.0.0).
# Guess, before the first run: a request under way rejects when its connection closes, as the library reports the close.
# Seen: onClose is called, and the request neither resolves nor rejects; dispose() afterwards rejects it. A program that
#   only awaits its request waits for ever after the other end has gone.
# What follows: docs/guides/coming-from-vscode-jsonrpc.md says so; our requests reject with ERR_DISCONNECTED.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
for each in node npm; do command -v $each >/dev/null || { echo "cannot be tried: $each is missing"; exit 2; }; done
npm install --silent --no-audit --no-fund --no-save vscode-jsonrpc@10.0.0 >/dev/null 2>&1 || { echo 'cannot be tried: npm does not install vscode-jsonrpc@10.0.0'; exit 2; }
cat >ask.cjs <<'END'
const { connect, createServer } = require('node:net')
const rpc = require('vscode-jsonrpc/node')
const over = (socket) => rpc.createMessageConnection(new rpc.SocketMessageReader(socket), new rpc.SocketMessageWriter(socket))
const server = createServer((socket) => {
  const there = over(socket)
  there.onRequest('ask', () => {
    socket.end()
    return new Promise(() => {})
  })
  there.listen()
})
server.listen(process.argv[2], () => {
  const here = over(connect(process.argv[2]))
  let state = 'pending'
  here.onClose(() => {
    setTimeout(() => {
      const before = state
      here.dispose()
      setTimeout(() => {
        console.log(`a second after the close: ${before}; after dispose(): ${state}`)
        process.exit(before === 'pending' && state === 'rejected' ? 0 : 1)
      }, 100)
    }, 1000)
  })
  here.listen()
  here.sendRequest('ask').then(() => (state = 'resolved'), () => (state = 'rejected'))
})
END
timeout 30 node ask.cjs "$work/socket"
