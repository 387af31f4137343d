import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { connect as netConnect, createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { needs, socketPath, spawnProgram, spawnScript, tempDir } from '@uds/testkit'
import {
  openUnixConnection,
  startUnixServer,
  StreamWriter,
  WindowsUnixServer,
  type ClientConnected,
  type UnixServerOptions,
} from '@uds/stream'
import { capabilities } from '@uds/winsock-ffi'

const python = needs('python3')
const withoutUnix = !capabilities().afUnix

const echo: ClientConnected = async (reader, writer) => {
  for await (const line of reader) {
    writer.write(`OK: ${String(line)}`)
    await writer.drain()
  }
  writer.close()
}

const started = async (
  callback: ClientConnected,
  path: string,
  options?: UnixServerOptions,
): Promise<WindowsUnixServer> => {
  const server = await startUnixServer(callback, path, options)
  onTestFinished(() => server.close({ graceMs: 0 }))
  return server
}

const opened = async (path: string): ReturnType<typeof openUnixConnection> => {
  const ends = await openUnixConnection(path)
  onTestFinished(() => {
    ends[1].stream.destroy()
  })
  return ends
}

describe.skipIf(withoutUnix)('startUnixServer and openUnixConnection', () => {
  test('a line goes there and back', async () => {
    const path = socketPath()
    await started(echo, path)
    const [reader, writer] = await opened(path)
    writer.write('hello world\n')
    expect(String(await reader.readLine())).toBe('OK: hello world\n')
    writer.close()
    await writer.waitClosed()
  })

  test('a megabyte goes both ways with drain', async () => {
    const path = socketPath()
    await started(async (reader, writer) => {
      for (let chunk; (chunk = await reader.read(65_536)).length > 0;) {
        writer.write(chunk)
        await writer.drain()
      }
      writer.close()
    }, path)
    const [reader, writer] = await opened(path)
    const data = Buffer.alloc(2 ** 20, 'abcdefg')
    writer.write(data)
    writer.writeEof()
    expect((await reader.read()).equals(data)).toBe(true)
    expect(reader.atEof()).toBe(true)
  })

  test('after writeEof of the client a late reply arrives', async () => {
    const path = socketPath()
    await started(async (reader, writer) => {
      const all = await reader.read()
      await new Promise((resolve) => setImmediate(resolve))
      writer.write(`late reply to ${String(all)}`)
      writer.close()
    }, path)
    const [reader, writer] = await opened(path)
    writer.write('question')
    writer.writeEof()
    expect(String(await reader.read())).toBe('late reply to question')
  })

  test('getExtraInfo tells both ends of the path, and of each other', async () => {
    const path = socketPath()
    const seen = Promise.withResolvers<StreamWriter>()
    await started((_reader, writer) => seen.resolve(writer), path)
    const [, client] = await opened(path)
    const server = await seen.promise
    expect(client.getExtraInfo('peername')).toBe(path)
    expect(client.getExtraInfo('sockname')).toBe('')
    expect(server.getExtraInfo('sockname')).toBe(path)
    expect(server.getExtraInfo('peername')).toBe('')
    expect(server.getExtraInfo('socket')).toBe(server.stream)
    if (capabilities().credentials) {
      expect(server.getExtraInfo('peercred')).toMatchObject({ pid: process.pid })
      expect(client.getExtraInfo('peercred')).toMatchObject({ pid: process.pid })
    }
    server.close()
    await server.waitClosed()
    expect(server.getExtraInfo('peercred', undefined)).toBeUndefined()
  })

  test('a callback that throws is reported, loses its connection, and harms nobody else', async () => {
    const path = socketPath()
    const reports: [string, StreamWriter | undefined][] = []
    let count = 0
    const callback: ClientConnected = async (reader, writer) => {
      count += 1
      if (count === 2) throw new Error('bad client')
      await echo(reader, writer)
    }
    await started(callback, path, { onError: (error, writer) => reports.push([error.message, writer]) })
    const [firstReader, first] = await opened(path)
    first.write('1\n')
    await firstReader.readLine()
    const [badReader] = await opened(path)
    expect(await badReader.read()).toHaveLength(0)
    const [thirdReader, third] = await opened(path)
    third.write('3\n')
    first.write('1 again\n')
    expect(String(await thirdReader.readLine())).toBe('OK: 3\n')
    expect(String(await firstReader.readLine())).toBe('OK: 1 again\n')
    expect(reports).toEqual([['bad client', expect.any(StreamWriter)]])
  })

  test('without onError a failure is a warning of the process', async () => {
    const path = socketPath()
    const warned = new Promise<Error>((resolve) => {
      process.once('warning', resolve)
    })
    await started(() => {
      throw new Error('thrown at once')
    }, path)
    const [reader] = await opened(path)
    expect(await reader.read()).toHaveLength(0)
    expect(await warned).toMatchObject({ name: 'UnixServerWarning', code: 'UDS_CLIENT_ERROR' })
  })

  test('a client that resets in the middle is no failure of the process', async () => {
    const path = socketPath()
    const failed = Promise.withResolvers<Error>()
    const server = await started(
      async (reader, writer) => {
        writer.write(Buffer.alloc(2 ** 20))
        await writer.drain()
        await reader.read()
      },
      path,
      { onError: failed.resolve },
    )
    const [, client] = await opened(path)
    client.stream.destroy()
    expect(await failed.promise).toBeInstanceOf(Error)
    await server.close()
    await server.waitClosed()
  })

  test('close removes the file, and leaves open connections to their callback', async () => {
    const path = socketPath()
    const server = await started(echo, path)
    const [reader, writer] = await opened(path)
    writer.write('a\n')
    await reader.readLine()
    expect(server.isServing()).toBe(true)
    await server.close()
    await server.close()
    expect(server.isServing()).toBe(false)
    await expect(openUnixConnection(path)).rejects.toMatchObject({ name: 'SocketError' })
    writer.write('b\n')
    expect(String(await reader.readLine())).toBe('OK: b\n')
    writer.close()
    await server.waitClosed()
    const again = createServer()
    if (process.platform !== 'win32') {
      expect(existsSync(path)).toBe(false)
      await new Promise<void>((resolve) => again.listen(path, resolve))
      await new Promise((resolve) => again.close(resolve))
    }
  })

  test('close with graceMs destroys what is still open', async () => {
    const path = socketPath()
    const server = await started(echo, path)
    const [reader] = await opened(path)
    await server.close({ graceMs: 0 })
    await server.waitClosed()
    // An abortive close is the end on POSIX and may be a reset on Windows.
    const end = await reader.read().catch((error: NodeJS.ErrnoException) => error.code)
    expect(end).toBeOneOf([Buffer.alloc(0), 'ECONNRESET'])
  })

  test('a server can be started once, and not after close', async () => {
    const path = socketPath()
    const server = new WindowsUnixServer(path)
    await server.start(echo)
    await expect(server.start(echo)).rejects.toMatchObject({ code: 'ERR_INVALID_STATE' })
    await server.close()
    await expect(server.start(echo)).rejects.toMatchObject({ code: 'ERR_INVALID_STATE' })
  })

  test('close before start is no error, and ends waitClosed', async () => {
    const server = new WindowsUnixServer(socketPath())
    await server.close()
    await server.waitClosed()
    expect(server.connections).toBe(0)
  })

  test('a start that failed leaves no file and can be tried again', async () => {
    const directory = `${tempDir()}/later`
    const server = new WindowsUnixServer(`${directory}/s.sock`)
    await expect(server.start(echo)).rejects.toMatchObject({ code: 'ENOENT' })
    mkdirSync(directory)
    await server.start(echo)
    await server.close()
  })

  test('a server that is alive is not replaced', async () => {
    const path = socketPath()
    await started(echo, path)
    await expect(startUnixServer(echo, path)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const [reader, writer] = await opened(path)
    writer.write('still here\n')
    expect(String(await reader.readLine())).toBe('OK: still here\n')
  })

  test('a file that is no socket is never removed', async () => {
    const path = socketPath()
    writeFileSync(path, 'precious')
    await expect(startUnixServer(echo, path)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(existsSync(path)).toBe(true)
  })
})

// On POSIX node:net listens itself, and nothing is adopted.
test.runIf(!withoutUnix && capabilities().system === 'win32')(
  'an engine that cannot adopt a SOCKET gets ENOTSUP before a file exists',
  async () => {
    const run = spawnScript(new URL('./fixtures/no-adoption.ts', import.meta.url), [socketPath()])
    await run.exit
    expect(run.stdout().trim()).toBe('ENOTSUP 0')
  },
)

describe.skipIf(!withoutUnix)('where the system has no AF_UNIX', () => {
  test('start and connect say so, before a file exists', async () => {
    const path = socketPath()
    const server = new WindowsUnixServer(path)
    const expected = { code: expect.stringMatching(/EAFNOSUPPORT|ENOTSUP/) as unknown }
    await expect(server.start(echo)).rejects.toMatchObject(expected)
    await expect(openUnixConnection(path)).rejects.toMatchObject(expected)
    expect(readdirSync(dirname(path))).toEqual([])
    await server.close()
  })
})

describe('wrong arguments', () => {
  test.each([108, 109, 200])('a path of %i bytes is refused before any call', async (length) => {
    // Two bytes in UTF-8 for each letter, so that characters and bytes differ.
    const path = 'é'
      .repeat(length / 2)
      .padEnd(length - (length % 2 === 0 ? length / 2 : (length - 1) / 2), 'x')
    const long = path + 'x'.repeat(Math.max(0, length - Buffer.byteLength(path)))
    expect(Buffer.byteLength(long)).toBe(length)
    expect(() => new WindowsUnixServer(long)).toThrow(expect.objectContaining({ code: 'ENAMETOOLONG' }))
    await expect(startUnixServer(echo, long)).rejects.toThrow(`${length} bytes`)
    await expect(openUnixConnection(long)).rejects.toMatchObject({ code: 'ENAMETOOLONG' })
  })

  test('a path of 107 bytes is none of these', () => {
    expect(new WindowsUnixServer('x'.repeat(107)).path).toHaveLength(107)
  })

  test.each([[7], [''], [undefined]])('the path %j is refused', async (path) => {
    await expect(openUnixConnection(path as string)).rejects.toThrow(TypeError)
    await expect(startUnixServer(echo, path as string)).rejects.toThrow(TypeError)
  })

  test.each([0, -1, 1.5, 2 ** 31])('a backlog of %s is refused', (backlog) => {
    expect(() => new WindowsUnixServer('x', { backlog })).toThrow(RangeError)
  })

  test('a callback that is none is refused', async () => {
    await expect(startUnixServer('no' as unknown as ClientConnected, 'x')).rejects.toThrow(TypeError)
  })
})

describe.skipIf(python.missing || withoutUnix)('Python asyncio', () => {
  test('its open_unix_connection talks to our server', async () => {
    const path = socketPath()
    await started(echo, path)
    const program = `
import asyncio, sys
async def main():
    reader, writer = await asyncio.open_unix_connection(sys.argv[1])
    writer.write(b'hello world\\n')
    await writer.drain()
    print((await reader.readline()).decode().strip())
    writer.write_eof()
    print(await reader.read())
    writer.close()
    await writer.wait_closed()
asyncio.run(main())`
    const client = spawnProgram(python.path, ['-c', program, path])
    expect(await client.exit).toEqual({ code: 0, signal: null })
    expect(client.stdout()).toBe("OK: hello world\nb''\n")
  })

  test('our openUnixConnection talks to its start_unix_server', async () => {
    const path = socketPath()
    const program = `
import asyncio, sys
async def serve(reader, writer):
    head = await reader.readexactly(4)
    line = await reader.readuntil(b';;')
    writer.write(head + line)
    await writer.drain()
    rest = await reader.read()
    writer.write(rest.upper())
    writer.close()
async def main():
    server = await asyncio.start_unix_server(serve, sys.argv[1])
    print('ready', flush=True)
    await server.serve_forever()
asyncio.run(main())`
    const server = spawnProgram(python.path, ['-c', program, path])
    await server.waitForLine(/ready/)
    const [reader, writer] = await opened(basename(path) === path ? path : path)
    writer.writeLines(['head', 'some text', ';;', 'rest'])
    expect(String(await reader.readUntil(';;'))).toBe('headsome text;;')
    writer.writeEof()
    expect(String(await reader.read())).toBe('REST')
  })
})

test.skipIf(withoutUnix || process.platform === 'win32')('node:net talks to our server', async () => {
  const path = socketPath()
  await started(echo, path)
  const client = netConnect(path)
  client.write('plain\n')
  const [answer] = (await new Promise((resolve) => client.once('data', (...args) => resolve(args)))) as [
    Buffer,
  ]
  expect(String(answer)).toBe('OK: plain\n')
  client.destroy()
  expect(dirname(path)).not.toBe('')
})
