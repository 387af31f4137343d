#!/usr/bin/env bash
# Subject: Deno 2.9.6 (npm package @deno/linux-x64-glibc@2.9.6).
# Guess, before the first run: fs.fstatSync(3) of node:fs says what descriptor 3 is when the shell has opened a file there, as in
#   Node; with all permissions nothing is in the way.
# Seen: EBADF. node:fs of Deno knows the descriptors that Deno has opened itself, and 0 to 2; the descriptor is open, since its
#   name in /proc/self/fd has the stat of the file.
# What follows: take files from a parent, or from another process, by the name of the descriptor: /dev/fd/3.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v npm >/dev/null || { echo 'cannot be tried: npm is missing'; exit 2; }
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'cannot be tried: the pinned Deno is for Linux on x64 with glibc'; exit 2; }
npm install --silent --no-audit --no-fund --no-save @deno/linux-x64-glibc@2.9.6 >/dev/null 2>&1 || { echo 'cannot be tried: npm does not install @deno/linux-x64-glibc@2.9.6'; exit 2; }
deno=$(find node_modules/@deno -name deno -type f | head -n 1)
echo 'twelve bytes' >file
cat >stat.mjs <<'JS'
import { fstatSync, statSync } from 'node:fs'
const ask = (call) => {
  try { return call().size } catch (error) { return error.code }
}
console.log(ask(() => fstatSync(3)), ask(() => statSync('/proc/self/fd/3')))
JS
seen=$(DENO_DIR="$work/cache" "$deno" run --allow-all --no-config stat.mjs 3<file)
echo "Deno $("$deno" --version | sed -n '1s/ (.*//p'): fstatSync(3), and statSync of /proc/self/fd/3: $seen"
[ "$seen" = 'EBADF 13' ] && exit 0
exit 1
