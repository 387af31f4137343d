#!/usr/bin/env bash
# Subject: @koromix/koffi-linux-x64@3.3.4, an optional dependency of koffi@3.3.4.
# Guess, before the first run: the package holds the native binary only, as such packages of esbuild, rollup or sharp do, and
#   the functions (load, func, struct, ...) are in `koffi`, which finds it.
# Seen: it is a whole koffi: `require('@koromix/koffi-linux-x64')` has the same exports as `require('koffi')`, calls C
#   functions, chooses glibc or musl by itself, and has no install script, which `koffi` has.
# What follows: a package can depend on the packages of the systems directly, and its install runs no script.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v npm >/dev/null || { echo 'cannot be tried: npm is missing'; exit 2; }
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'cannot be tried: the pinned package is for Linux on x64'; exit 2; }
npm install --silent --no-audit --no-fund --no-save --ignore-scripts koffi@3.3.4 >/dev/null 2>&1 || { echo 'cannot be tried: npm does not install koffi@3.3.4'; exit 2; }
seen=$(node -e '
  const part = require("@koromix/koffi-linux-x64")
  const whole = require("koffi")
  const same = Object.keys(whole).every((name) => name === "default" || name in part)
  const pid = part.load(null).func("int getpid()")()
  const scripts = (name) => JSON.parse(require("fs").readFileSync(`node_modules/${name}/package.json`)).scripts?.install !== undefined
  console.log(same, pid === process.pid, scripts("@koromix/koffi-linux-x64"), scripts("koffi"))') || exit 1
echo "@koromix/koffi-linux-x64@3.3.4: all exports of koffi, a C call works, has an install script, koffi has one: $seen"
[ "$seen" = 'true true false true' ] && exit 0
exit 1
