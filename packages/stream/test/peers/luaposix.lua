-- A peer in Lua, by luaposix: client PATH CLOSED, server PATH, bind PATH... (see languages.test.ts).
local sys = require('posix.sys.socket')
local nanosleep = require('posix.time').nanosleep
local close = require('posix.unistd').close

io.stdout:setvbuf('no')
local role = arg[1]
local paths = {}
for index = 2, #arg do
  paths[index - 1] = arg[index]:gsub('^@', '\0')
end

local function open()
  return assert(sys.socket(sys.AF_UNIX, sys.SOCK_STREAM, 0))
end

local function at(path)
  return { family = sys.AF_UNIX, path = path }
end

local function dial(path)
  local fd = open()
  assert(sys.connect(fd, at(path)))
  return fd
end

local function read_all(fd)
  local all = ''
  while true do
    local part = sys.recv(fd, 4096)
    if not part or part == '' then
      return all
    end
    all = all .. part
  end
end

if role == 'client' then
  local fd = dial(paths[1])
  sys.send(fd, 'hello\n')
  sys.shutdown(fd, sys.SHUT_WR)
  io.write(read_all(fd))
  local closed = dial(paths[2])
  read_all(closed)
  local sent, failure = sys.send(closed, 'x')
  print(sent and 'written' or 'error: ' .. failure)
elseif role == 'server' then
  local fd = open()
  assert(sys.bind(fd, at(paths[1])))
  assert(sys.listen(fd, 5))
  print('bound')
  local client = sys.accept(fd)
  local all = read_all(client)
  nanosleep({ tv_sec = 0, tv_nsec = 50000000 })
  sys.send(client, 'late:' .. all)
  close(client)
else
  for _, path in ipairs(paths) do
    local fd = open()
    local bound, failure = sys.bind(fd, at(path))
    if bound then
      bound, failure = sys.listen(fd, 5)
    end
    print(bound and 'ok' or 'no: ' .. failure)
  end
  io.read('a')
end
