#!/usr/bin/env bash
# Subject: LuaSocket 3.1.0 (lua-socket 3.1.0-1+b1 of Debian 12) with Lua 5.4.4.
# Guess, before the first run: bind to "\0name" makes a socket at the abstract name, as in the other languages with a plain
#   sockaddr_un, and getsockname returns what was bound.
# Seen: bind reports success, and the socket is at a name that the kernel chose, "@" and five hexadecimal digits: the name is
#   taken for an empty path, and bind(2) of an empty address is autobind. Nobody finds the server; it waits for ever.
# What follows: a peer in LuaSocket needs a path; a server that nobody reaches is looked up with "ss -xl".
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v apt-get >/dev/null || { echo 'cannot be tried: apt-get is missing'; exit 2; }
for each in lua-socket=3.1.0-1+b1 lua5.4=5.4.4-3+deb12u1; do
  apt-get download -qq "$each" >/dev/null 2>&1 || { echo "cannot be tried: apt-get does not download $each"; exit 2; }
done
for each in ./*.deb; do dpkg -x "$each" root; done
export LUA_PATH="$work/root/usr/share/lua/5.4/?.lua;;"
export LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.4/?.so;;"
cat >bind.lua <<'LUA'
local listener = require('socket.unix').stream()
local bound, failure = listener:bind('\0' .. arg[1])
print(bound and 'success' or failure)
listener:listen(1)
io.stdout:flush()
local shown = {}
for line in io.lines('/proc/net/unix') do
  local inode, name = line:match(' (%d+) (@%S+)$')
  if name then shown[inode] = name end
end
local link = io.popen(('readlink /proc/$PPID/fd/%d'):format(listener:getfd())):read('a')
print(shown[link:match('%d+')] or 'no abstract name')
LUA
seen=$(timeout 10 root/usr/bin/lua5.4 bind.lua "finding-$$" | tr '\n' ' ')
echo "LuaSocket 3.1.0: bind to the abstract name finding-$$ said, and its socket is at: $seen"
[[ $seen =~ ^success\ @[0-9a-f]{5}\ $ ]] && exit 0
exit 1
