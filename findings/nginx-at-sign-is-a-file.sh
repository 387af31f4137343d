#!/usr/bin/env bash
# Subject: nginx 1.22.1-9+deb12u11 of Debian 12.
# Guess, before the first run: "listen unix:@name" is the abstract name, as in systemd, ss, socat and HAProxy's abns, and makes no
#   file.
# Seen: it is a file "@finding" in the working directory, and nobody is at the abstract name. /proc/net/unix, and ss by it, show
#   the relative path of that file as they show an abstract name.
# What follows: "@" in a listing is a guess: a name of a socket that was bound to a relative path looks the same.
set -u
work=$(mktemp -d) || exit 2
server=
trap '[ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v apt-get >/dev/null && command -v node >/dev/null || { echo 'cannot be tried: apt-get and node are needed'; exit 2; }
each=nginx=1.22.1-9+deb12u11
apt-get download -qq "$each" >/dev/null 2>&1 || { echo "cannot be tried: apt-get does not download $each"; exit 2; }
dpkg -x ./*.deb root
cat >conf <<CONF
daemon off; master_process off; error_log stderr; pid $work/pid;
events {} http { access_log off; client_body_temp_path $work/a; proxy_temp_path $work/b; fastcgi_temp_path $work/c;
uwsgi_temp_path $work/d; scgi_temp_path $work/e; server { listen unix:@finding; } }
CONF
root/usr/sbin/nginx -p "$work" -c "$work/conf" 2>errors &
server=$!
for _ in $(seq 100); do [ -e pid ] && break; sleep 0.05; done
[ -e pid ] || { echo "cannot be tried: $(tail -n 1 errors)"; exit 2; }
files=$(find "$work" -type s -printf '%P ')
dial() { node -e 'const s = require("net").connect(process.argv[1].replace("%", "\0"), () => (console.log("reached"), s.destroy())).on("error", (e) => console.log(e.code))' "$1"; }
abstract=$(dial '%finding')
file=$(dial "$work/@finding")
shown=$(grep -c ' @finding$' /proc/net/unix)
echo "nginx 1.22.1, \"listen unix:@finding\": socket files: $files; the abstract name: $abstract; the file: $file; lines \"@finding\" in /proc/net/unix: $shown"
[ "$files" = '@finding ' ] && [ "$abstract" = ECONNREFUSED ] && [ "$file" = reached ] && [ "$shown" = 1 ] && exit 0
exit 1
