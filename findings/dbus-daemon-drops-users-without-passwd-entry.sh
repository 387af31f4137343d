#!/usr/bin/env bash
# Subject: dbus-daemon 1.14.10-1~deb12u1 of Debian 12.
# Guess, before the first run: EXTERNAL asks the kernel for the uid at the other end and nothing else, so that a user without an
#   entry in passwd(5), as in many containers, is let in when the policy allows everybody: the answer to AUTH, BEGIN and Hello is
#   the name of the client.
# Seen: the answer to AUTH is OK, and after BEGIN the bus cuts the connection without a word; user nobody (65534), who has an
#   entry, gets a name. The bus looks up the groups of the user for its policy, and finds no user.
# What follows: a container that talks to a bus needs an entry for its uid, however made up.
set -u
work=$(mktemp -d) || exit 2
bus=
trap '[ -n "$bus" ] && kill "$bus" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 2
[ "$(id -u)" = 0 ] || { echo 'cannot be tried: it takes root to become another user'; exit 2; }
command -v apt-get >/dev/null && command -v node >/dev/null || { echo 'cannot be tried: apt-get and node are needed'; exit 2; }
for each in dbus-daemon=1.14.10-1~deb12u1 libdbus-1-3=1.14.10-1~deb12u1 libapparmor1=3.0.8-3 libexpat1 libcap-ng0; do
  apt-get download -qq "$each" >/dev/null 2>&1 || { echo "cannot be tried: apt-get does not download $each"; exit 2; }
done
for each in ./*.deb; do dpkg -x "$each" root; done
chmod 755 "$work"
cat >conf <<XML
<busconfig><type>session</type><listen>unix:path=$work/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/></policy></busconfig>
XML
LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu \
  root/usr/bin/dbus-daemon --config-file="$work/conf" --nofork --nopidfile --nosyslog --print-address >address 2>errors &
bus=$!
for _ in $(seq 100); do [ -s address ] && break; sleep 0.05; done
[ -s address ] || { echo "cannot be tried: $(tail -n 1 errors)"; exit 2; }
chmod 777 bus
cat >hello.mjs <<'JS'
import { connect } from 'node:net'
const uid = Number(process.argv[2])
process.setgid(uid)
process.setuid(uid)
const field = (code, type, text) => {
  const bytes = Buffer.alloc((8 + text.length + 1 + 7) & ~7)
  bytes.set([code, 1, type.charCodeAt(0), 0])
  bytes.writeUInt32LE(text.length, 4)
  bytes.write(text, 8)
  return bytes
}
const name = 'org.freedesktop.DBus'
const fields = Buffer.concat([field(1, 'o', '/org/freedesktop/DBus'), field(2, 's', name), field(3, 's', 'Hello'), field(6, 's', name)])
const head = Buffer.from([0x6c, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
// The length of the fields ends with the last byte of the last one, before it is padded.
head.writeUInt32LE(fields.length - ((8 - ((8 + name.length + 1) % 8)) % 8), 12)
let said = ''
let step = 'AUTH'
const socket = connect('bus')
const end = (why) => (console.log(why), process.exit())
socket.on('data', (data) => {
  said += data.toString('latin1')
  if (/^OK .*\r\n$/.test(said)) socket.write('BEGIN\r\n'), socket.write(Buffer.concat([head, fields])), (said = ''), (step = 'BEGIN')
  const unique = /:1\.\d+/.exec(said)
  if (unique) end('a name')
  if (/^REJECTED/.test(said)) end('rejected')
})
const cut = () => end(`cut off after ${step}`)
socket.on('error', cut).on('end', cut)
socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(uid)).toString('hex')}\r\n`)
JS
nobody=$(timeout 10 node hello.mjs 65534)
unknown=$(timeout 10 node hello.mjs 54321)
echo "dbus-daemon $(root/usr/bin/dbus-daemon --version | sed -n '1s/.* //p'): uid 65534, which has an entry, got: $nobody; uid 54321, which has none: $unknown"
[ "$nobody" = 'a name' ] && [ "$unknown" = 'cut off after BEGIN' ] && exit 0
exit 1
