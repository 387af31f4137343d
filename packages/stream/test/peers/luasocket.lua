-- A peer in Lua, by LuaSocket: client PATH CLOSED, server PATH, bind PATH... (see languages.test.ts).
local stream = require('socket.unix').stream
local sleep = require('socket').sleep

io.stdout:setvbuf('no')
local role = arg[1]
local paths = {}
for index = 2, #arg do
  paths[index - 1] = arg[index]:gsub('^@', '\0')
end

local function dial(path)
  local socket = stream()
  assert(socket:connect(path))
  return socket
end

if role == 'client' then
  local socket = dial(paths[1])
  socket:send('hello\n')
  socket:shutdown('send')
  io.write((socket:receive('*a')))
  local closed = dial(paths[2])
  closed:receive('*a')
  local sent, failure = closed:send('x')
  print(sent and 'written' or 'error: ' .. failure)
elseif role == 'server' then
  local listener = stream()
  assert(listener:bind(paths[1]))
  assert(listener:listen(5))
  print('bound')
  local client = listener:accept()
  local all = client:receive('*a')
  sleep(0.05)
  client:send('late:' .. all)
  client:close()
else
  local kept = {}
  for index, path in ipairs(paths) do
    local listener = stream()
    kept[index] = listener
    local bound, failure = listener:bind(path)
    if bound then
      bound, failure = listener:listen(5)
    end
    print(bound and 'ok' or 'no: ' .. failure)
  end
  io.read('a')
end
