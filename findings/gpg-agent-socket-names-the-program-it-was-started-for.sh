#!/usr/bin/env bash
# Subject: gpg-agent 2.2.40-1.1+deb12u2 of Debian 12.
# Guess, before the first run: SO_PEERCRED of a connection to S.gpg-agent names the agent: the pid is the one that the agent
#   itself returns for GETINFO pid.
# Seen: it names the program that was started with the agent, here "sleep". The kernel notes who calls listen(2): the agent
#   listens, forks, serves in the child, and the parent becomes the program.
# What follows: the pid of a peer is that of who listened: it need not be who serves, nor be of the same program.
set -u
work=$(mktemp -d) || exit 2
agent=
trap '[ -n "$agent" ] && kill "$agent" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v apt-get >/dev/null && command -v python3 >/dev/null || { echo 'cannot be tried: apt-get and python3 are needed'; exit 2; }
for each in gpg-agent=2.2.40-1.1+deb12u2 libassuan0=2.5.5-5 libnpth0=1.6-3 libgcrypt20=1.10.1-3+deb12u1; do
  apt-get download -qq "$each" >/dev/null 2>&1 || { echo "cannot be tried: apt-get does not download $each"; exit 2; }
done
for each in ./*.deb; do dpkg -x "$each" root; done
mkdir -m 700 home
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu GNUPGHOME=$work/home
cat >ask.py <<'PY'
import glob, os, socket, struct, sys, time
places = [os.environ['GNUPGHOME'] + '/S.gpg-agent'] + glob.glob('/run/user/%d/gnupg/d.*/S.gpg-agent' % os.getuid())
for _ in range(200):
    for place in places:
        try:
            stream = socket.socket(socket.AF_UNIX)
            stream.connect(place)
            peer = struct.unpack('3i', stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
            lines = stream.makefile('rw', newline='\n')
            lines.readline()
            lines.write('GETINFO pid\n')
            lines.flush()
            own = int(lines.readline().split()[1])
            print(open(f'/proc/{peer}/comm').read().strip(), open(f'/proc/{own}/comm').read().strip(), own)
            sys.exit()
        except OSError:
            time.sleep(0.05)
PY
root/usr/bin/gpg-agent --daemon --no-detach sleep 20 >/dev/null 2>&1 &
started=$!
seen=$(timeout 20 python3 ask.py)
agent="${seen##* } $started"
echo "gpg-agent 2.2.40: the program at the other end by SO_PEERCRED, and the one that GETINFO pid names: ${seen% *}"
kill $agent 2>/dev/null
agent=
[ "${seen% *}" = 'sleep gpg-agent' ] && exit 0
exit 1
