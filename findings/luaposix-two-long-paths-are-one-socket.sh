#!/usr/bin/env bash
# Subject: luaposix 33.4.0 (lua-posix 33.4.0-3+b1 of Debian 12) with Lua 5.3.6.
# Guess, before the first run: bind to a path of 110 bytes fails, with ENAMETOOLONG or words of its own, since sun_path holds 107
#   and a NUL.
# Seen: bind and connect cut the path to 107 bytes and report success, so that a client of one path talks to the server of
#   another one; the file has the short name, which neither side knows.
# What follows: agree on paths of at most 106 bytes, and check the length before luaposix (or SBCL, PHP, Perl) is passed one.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v apt-get >/dev/null || { echo 'cannot be tried: apt-get is missing'; exit 2; }
for each in lua-posix=33.4.0-3+b1 lua5.3=5.3.6-2; do
  apt-get download -qq "$each" >/dev/null 2>&1 || { echo "cannot be tried: apt-get does not download $each"; exit 2; }
done
for each in ./*.deb; do dpkg -x "$each" root; done
export LUA_PATH="$work/root/usr/share/lua/5.3/?.lua;$work/root/usr/share/lua/5.3/?/init.lua;;"
export LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.3/?.so;;"
cat >meet.lua <<'LUA'
local sys = require('posix.sys.socket')
local start = arg[1] .. '/' .. string.rep('x', 107 - #arg[1] - 1)
local function open() return sys.socket(sys.AF_UNIX, sys.SOCK_STREAM, 0) end
local function at(path) return { family = sys.AF_UNIX, path = path } end
local server = open()
local bound, failure = sys.bind(server, at(start .. 'one'))
if not bound then
  print('bind: ' .. failure)
  return
end
sys.listen(server, 1)
local client = open()
local connected, reason = sys.connect(client, at(start .. 'two'))
print(connected and 'a client of the other path is connected' or 'connect: ' .. reason)
LUA
seen=$(timeout 10 root/usr/bin/lua5.3 meet.lua "$work")
file=$(find . -type s -printf '%f')
echo "luaposix 33.4.0: bound to 110 bytes that end in \"one\", connected to 110 that end in \"two\": $seen; the path of the file has $((${#work} + 1 + ${#file})) bytes"
[ "$seen" = 'a client of the other path is connected' ] && [ $((${#work} + 1 + ${#file})) = 107 ] && exit 0
exit 1
