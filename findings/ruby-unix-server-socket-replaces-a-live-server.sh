#!/usr/bin/env bash
# Subject: Ruby 3.1.2 (ruby3.1 and libruby3.1 3.1.7+really3.1.2-0+deb12u1 of Debian 12).
# Guess, before the first run: Socket.unix_server_socket(path) fails with EADDRINUSE when a server listens at the path, as
#   UNIXServer.new(path) does.
# Seen: it removes the socket file, asks nobody whether a server listens there, and takes the place; the first server goes on
#   without being reached. UNIXServer.new fails with EADDRINUSE.
# What follows: programs that may serve at one path take a lock beside it; the file alone does not say who serves.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v apt-get >/dev/null || { echo 'cannot be tried: apt-get is missing'; exit 2; }
for each in ruby3.1=3.1.7+really3.1.2-0+deb12u1 libruby3.1=3.1.7+really3.1.2-0+deb12u1; do
  apt-get download -qq "$each" >/dev/null 2>&1 || { echo "cannot be tried: apt-get does not download $each"; exit 2; }
done
for each in ./*.deb; do dpkg -x "$each" root; done
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu
export RUBYLIB=$work/root/usr/lib/ruby/3.1.0:$work/root/usr/lib/x86_64-linux-gnu/ruby/3.1.0
cat >two.rb <<'RUBY'
require 'socket'
first = UNIXServer.new('s')
begin
  UNIXServer.new('s')
  puts 'UNIXServer.new: success'
rescue SystemCallError => error
  puts "UNIXServer.new: #{error.class}"
end
begin
  second = Socket.unix_server_socket('s')
  puts 'unix_server_socket: success'
rescue SystemCallError => error
  puts "unix_server_socket: #{error.class}"
end
client = UNIXSocket.new('s')
puts "the client is with the #{first.accept_nonblock(exception: false) == :wait_readable ? 'second' : 'first'}"
RUBY
seen=$(timeout 20 root/usr/bin/ruby3.1 --disable=gems two.rb | tr '\n' ';')
echo "Ruby 3.1.2, while a server listens: $seen"
[ "$seen" = 'UNIXServer.new: Errno::EADDRINUSE;unix_server_socket: success;the client is with the second;' ] && exit 0
exit 1
