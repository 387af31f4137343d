# A peer in Ruby: client PATH CLOSED, server PATH, bind PATH... (see languages.test.ts).
require 'socket'

$stdout.sync = true
role, *paths = ARGV
paths.map! { |each| each.sub(/\A@/, "\0") }
case role
when 'client'
  socket = UNIXSocket.new(paths[0])
  socket.write("hello\n")
  socket.close_write
  print socket.read
  closed = UNIXSocket.new(paths[1])
  closed.read
  begin
    closed.write('x')
    puts 'written'
  rescue SystemCallError => e
    puts "error: #{e.message}"
  end
when 'server'
  listener = UNIXServer.new(paths[0])
  puts 'bound'
  client = listener.accept
  all = client.read
  sleep 0.05
  client.write("late:#{all}")
  client.close
else
  kept = paths.map do |path|
    listener = UNIXServer.new(path)
    puts 'ok'
    listener
  rescue StandardError => e
    puts "no: #{e.message}"
  end
  $stdin.read
end
