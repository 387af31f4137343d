#!/usr/bin/env bash
# Subject: Erlang/OTP 25.2.3 (erlang-base 1:25.2.3+dfsg-1+deb12u4 of Debian 12), gen_tcp with its default back end.
# Guess, before the first run: a passive socket whose client has half closed returns {error, closed} from recv, as the end of
#   its half, and a send afterwards still reaches the client.
# Seen: the end of the client's half closes the whole socket: the send that follows is {error, closed}, and the client reads the
#   end without a reply. With {exit_on_close, false} the reply arrives.
# What follows: a client that cannot know its server keeps its half open until the reply has come.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v apt-get >/dev/null && command -v node >/dev/null || { echo 'cannot be tried: apt-get and node are needed'; exit 2; }
each='erlang-base=1:25.2.3+dfsg-1+deb12u4'
apt-get download -qq "$each" >/dev/null 2>&1 || { echo "cannot be tried: apt-get does not download $each"; exit 2; }
dpkg -x ./*.deb root
cat >serve.escript <<'ERL'
%%! -noinput
main([Path, Keep]) ->
    Options = case Keep of "keep" -> [{exit_on_close, false}]; _ -> [] end,
    {ok, Listener} = gen_tcp:listen(0, [binary, {active, false}, {ifaddr, {local, Path}} | Options]),
    io:put_chars("bound\n"),
    {ok, Client} = gen_tcp:accept(Listener),
    {ok, <<"question">>} = gen_tcp:recv(Client, 8),
    {error, closed} = gen_tcp:recv(Client, 0),
    io:format("send: ~p~n", [gen_tcp:send(Client, "answer")]),
    gen_tcp:close(Client).
ERL
cat >ask.mjs <<'JS'
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
const [escript, path, keep] = process.argv.slice(2)
const server = spawn(escript, ['serve.escript', path, keep], { stdio: ['ignore', 'pipe', 'inherit'] })
let said = ''
let reply = ''
server.stdout.on('data', (data) => {
  if (said === '') {
    const client = connect({ path, allowHalfOpen: true }, () => client.end('question'))
    client.on('data', (more) => (reply += more)).on('error', () => {})
  }
  said += data
})
server.on('close', () => console.log(`${said.replace('bound\n', '').trim()}, the client read "${reply}"`))
JS
export ERL_ROOTDIR=$work/root/usr/lib/erlang PATH=$work/root/usr/lib/erlang/bin:$PATH
plain=$(timeout 20 node ask.mjs "$ERL_ROOTDIR/bin/escript" a.sock plain)
keep=$(timeout 20 node ask.mjs "$ERL_ROOTDIR/bin/escript" b.sock keep)
echo "Erlang/OTP $(cat "$ERL_ROOTDIR/releases/25/OTP_VERSION"): after the client's end: $plain; with {exit_on_close, false}: $keep"
[ "$plain" = 'send: {error,closed}, the client read ""' ] && [ "$keep" = 'send: ok, the client read "answer"' ] && exit 0
exit 1
