#!/usr/bin/env bash
# Subject: commander@15.1.0.
# Guess, before the first run: `tool help nope` says that there is no command nope, as `tool nope` does.
# Seen: it prints the help of the whole program and says nothing of nope; only its exit status differs from 0.
# What follows: a program that wants the answer asks for it itself.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v npm >/dev/null || { echo 'cannot be tried: npm is missing'; exit 2; }
npm install --silent --no-audit --no-fund --no-save commander@15.1.0 >/dev/null 2>&1 || { echo 'cannot be tried: npm does not install commander@15.1.0'; exit 2; }
cat >tool.mjs <<'JS'
import { Command } from 'commander'
const program = new Command('tool')
program.command('serve').description('serves').action(() => {})
await program.parseAsync()
JS
plain=$(node tool.mjs nope 2>&1)
help=$(node tool.mjs help nope 2>&1)
code=$?
printf 'commander 15.1.0: "tool nope" says: %s\n"tool help nope" ends with %s and begins: %s\n' "$plain" "$code" "$(printf '%s' "$help" | head -n 1)"
case $plain in *nope*) ;; *) exit 1 ;; esac
case $help in *nope*) exit 1 ;; *Usage:*) exit 0 ;; esac
exit 1
