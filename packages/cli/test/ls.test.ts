import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, listen } from '@uds/stream'
import { capabilities } from '@uds/winsock-ffi'
import { freshName, socketPath, spawnProgram, tempDir } from '@uds/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseLsof, parseNetstat } from '../src/ls/darwin.ts'
import { parseUnixTable } from '../src/ls/linux.ts'
import { parseReply } from '../src/ls/sock-diag.ts'
import { toEntry } from '../src/ls/win32.ts'
import { freshAddress, listening, expectStops, uds, values } from './command.ts'

const { system } = capabilities()
const WITHOUT_KOFFI = {
  UDS_FFI: 'koffi',
  NODE_OPTIONS: `--import=${fileURLToPath(new URL('./fixtures/no-koffi.mjs', import.meta.url))}`,
}
const PIPES = '\\\\.\\pipe\\'

/** Wine's pipes cannot be listed. */
const listable = ((): boolean => {
  try {
    return system !== 'win32' || readdirSync(PIPES).length >= 0
  } catch {
    return false
  }
})()

test.skipIf(listable)('a system that does not list its pipes is told in words', async () => {
  const { code, stderr } = await uds(['ls'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^uds: the system does not list its pipes/)
})

test.skipIf(!listable)('finds a socket that listens in another process, until it does not', async () => {
  const { command, address } = await listening(['echo', freshAddress()])
  const { code, stdout } = await uds(['ls', '--json'])
  expect(code).toBe(0)
  const entry = (values(stdout) as { address: string; state: string }[]).find(
    (each) => each.address === address,
  )
  expect(entry).toMatchObject({ address, state: 'listening' })
  if (system === 'linux') {
    const processes = [{ pid: command.pid, command: expect.stringMatching(/^node( |$)/) as string }]
    expect(entry).toMatchObject({ processes, type: 'stream' })
  }
  await expectStops(command)
  await command.kill()
  const after = await uds(['ls', address])
  expect(after).toMatchObject({ code: 0, stdout: '' })
  expect(after.stderr).toContain('nothing that is open has')
})

describe.skipIf(system === 'win32')('the table', () => {
  test('shows who has what, and only what was asked for', async () => {
    const path = socketPath()
    const listener = await listen(`unix:${path}`)
    onTestFinished(() => listener.close())
    const { stdout } = await uds(['ls', path])
    const [head, row, ...more] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/^state +type +user +process +address$/)
    expect(row).toMatch(
      new RegExp(String.raw`^listening +stream +\S+ +\S.*\[${process.pid}\] +unix:${path}$`),
    )
    expect(more).toEqual([])
  })

  test('with --all, connections are in it', async () => {
    const { command, address } = await listening(['listen', '--keep', freshAddress()])
    const client = await connect(address)
    onTestFinished(() => void client.destroy())
    client.write('x\n')
    await command.waitForLine(/^x$/)
    const states = async (...flags: string[]): Promise<unknown[]> =>
      (values((await uds(['ls', '--json', ...flags, address])).stdout) as { state: string }[]).map(
        ({ state }) => state,
      )
    expect(await states()).toEqual(['listening'])
    expect(new Set(await states('--all'))).toEqual(new Set(['connected', 'listening']))
  })
})

test.skipIf(system !== 'linux')('finds an abstract socket', async () => {
  const listener = await listen(`unix:@${freshName()}`)
  onTestFinished(() => listener.close())
  expect((await uds(['ls', listener.address])).stdout).toMatch(/^listening /m)
})

/** Control and format characters but the line end. */
const UNPRINTABLE = /(?!\n)[\p{Cc}\p{Cf}]/u

/** A listener of node:net, which binds any name. */
const named = async (name: string): Promise<void> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(name, resolve))
  onTestFinished(() => void server.close())
}

describe.skipIf(system !== 'linux')('a name is data', () => {
  test.each(['koffi', 'no koffi'])('control characters of it are shown as escapes (%s)', async (koffi) => {
    const mark = freshName()
    await named(`\0${mark}\x1b[2K\x1b]0;title\x07\u202e\u009b`)
    const env = koffi === 'koffi' ? {} : WITHOUT_KOFFI
    const { stdout } = await uds(['ls', mark], { env })
    expect(stdout).toContain(String.raw`${mark}\x1b[2K\x1b]0;title\x07\u{202e}\x9b`)
    expect(stdout).not.toMatch(UNPRINTABLE)
    const json = await uds(['ls', '--json', mark], { env })
    expect(json.stdout).not.toMatch(UNPRINTABLE)
    expect((values(json.stdout) as { address: string }[])[0]?.address).toContain(`${mark}\x1b[2K`)
  })

  test('a line end in it forges no row', async () => {
    const mark = freshName()
    await named(`\0a\n0000000000000000: 00000002 00000000 00010000 0001 01     1 /run/${mark}.sock`)
    const { stdout } = await uds(['ls', mark])
    const [, row, ...more] = stdout.trimEnd().split('\n')
    expect(more).toEqual([])
    expect(row).toContain(String.raw`unix:@a\n0000`)
  })

  test('spaces in it forge no column', async () => {
    const mark = freshName()
    await named(`\0${mark}  unix:/run/docker.sock`)
    const { stdout } = await uds(['ls', mark])
    expect(stdout).toContain(String.raw`unix:@${mark}\x20\x20unix:/run/docker.sock`)
  })

  test('one that looks like a temporary name of a listener is not taken for another socket', async () => {
    const directory = tempDir()
    await named(join(directory, '.a.sock.uds-k3v9x2q1'))
    const addresses = async (): Promise<unknown[]> =>
      (values((await uds(['ls', '--json', directory])).stdout) as { address: string }[]).map(
        ({ address }) => address,
      )
    expect(await addresses()).toEqual([`unix:${directory}/.a.sock.uds-k3v9x2q1`])
    // Nor when there is another socket of that name.
    await named(join(directory, 'a.sock'))
    expect(new Set(await addresses())).toEqual(
      new Set([`unix:${directory}/.a.sock.uds-k3v9x2q1`, `unix:${directory}/a.sock`]),
    )
  })

  test('a relative one is joined to the directory of its process only where its file is there', async () => {
    const [bound, elsewhere] = [tempDir(), tempDir()]
    const program = `require('node:net').createServer().listen('s.sock', () => {
      process.chdir(process.argv[1]); console.log('listening') })`
    const mover = spawnProgram(process.execPath, ['-e', program, elsewhere], { cwd: bound })
    await mover.waitForLine(/listening/)
    const rows = values((await uds(['ls', '--json', 's.sock'])).stdout) as {
      address: string
      processes: { pid: number }[]
    }[]
    const found = rows.find(({ processes }) => processes.some(({ pid }) => pid === mover.pid))
    expect(found?.address).toBe('unix:s.sock')
  })
})

/** Replies of sock_diag: struct nlattr, nlmsghdr and unix_diag_msg. */
const attribute = (type: number, value: Buffer): Buffer => {
  const padded = Buffer.alloc((4 + value.length + 3) & ~3)
  padded.writeUInt16LE(4 + value.length, 0)
  padded.writeUInt16LE(type, 2)
  value.copy(padded, 4)
  return padded
}
const message = (type: number, body: Buffer): Buffer => {
  const header = Buffer.alloc(16)
  header.writeUInt32LE(16 + body.length, 0)
  header.writeUInt16LE(type, 4)
  return Buffer.concat([header, body])
}
const socket = (type: number, state: number, inode: number, ...attributes: Buffer[]): Buffer => {
  const fixed = Buffer.alloc(16)
  fixed.set([1, type, state], 0)
  fixed.writeUInt32LE(inode, 4)
  return message(20, Buffer.concat([fixed, ...attributes]))
}

describe('what the systems print', () => {
  test('a reply of sock_diag is read as unix_diag.h describes it', () => {
    const file = Buffer.alloc(8)
    file.writeUInt32LE(4711, 0)
    const uid = Buffer.alloc(4)
    uid.writeUInt32LE(1000, 0)
    const bytes = Buffer.concat([
      socket(
        1,
        10,
        15,
        attribute(0, Buffer.from('/run/a b\n.sock\0')),
        attribute(1, file),
        attribute(7, uid),
      ),
      socket(5, 10, 16, attribute(0, Buffer.from('\0ab\0c'))),
      socket(1, 1, 17),
      message(3, Buffer.alloc(4)),
    ])
    expect(parseReply(bytes)).toEqual({
      done: true,
      sockets: [
        {
          inode: 15,
          type: 'stream',
          listening: true,
          connected: false,
          path: '/run/a b\n.sock',
          fileInode: 4711,
          uid: 1000,
        },
        { inode: 16, type: 'seqpacket', listening: true, connected: false, path: '@ab\0c' },
        { inode: 17, type: 'stream', listening: false, connected: true, path: undefined },
      ],
    })
    const refusal = Buffer.alloc(20)
    refusal.writeInt32LE(-2, 0)
    expect(() => parseReply(message(2, refusal))).toThrow('sock_diag: error 2')
  })

  test('/proc/net/unix is read as proc_net(5) describes it', () => {
    const table = [
      'Num       RefCount Protocol Flags    Type St Inode Path',
      '0000000000000000: 00000002 00000000 00010000 0001 01 15432 /run/with space.sock',
      '0000000000000000: 00000002 00000000 00010000 0005 01 15433 @abstract',
      '0000000000000000: 00000003 00000000 00000000 0001 03 99',
      '0000000000000000: 00000002 00000000 00000000 0002 01  1234 /dev/log',
      '',
    ].join('\n')
    expect(parseUnixTable(table)).toEqual([
      { inode: 15432, type: 'stream', listening: true, connected: false, path: '/run/with space.sock' },
      { inode: 15433, type: 'seqpacket', listening: true, connected: false, path: '@abstract' },
      { inode: 99, type: 'stream', listening: false, connected: true, path: undefined },
      { inode: 1234, type: 'datagram', listening: false, connected: false, path: '/dev/log' },
    ])
  })

  test('netstat and lsof of macOS are joined by the address in the kernel', () => {
    const open = parseLsof(
      [
        'p42',
        'cmDNSResponder',
        'Lroot',
        'f3',
        'd0xa1',
        'p43',
        'cnode',
        'Lada',
        'f9',
        'd0xb2',
        'f10',
        'd0xb2',
      ].join('\n'),
    )
    const table = [
      'Active LOCAL (UNIX) domain sockets',
      'Address          Type   Recv-Q Send-Q            Inode             Conn             Refs          Nextref Addr',
      '              a1 stream      0      0         8b1c2d3e                0                0                0 /var/run/mDNS Responder',
      '              b2 stream      0      0                0               c3                0                0',
      '              d4 dgram       0      0         8b1c2d3f                0                0                0 /var/run/syslog',
    ].join('\n')
    expect(parseNetstat(table, open)).toEqual([
      {
        address: 'unix:/var/run/mDNS Responder',
        type: 'stream',
        state: 'listening',
        user: 'root',
        processes: [{ pid: 42, command: 'mDNSResponder' }],
      },
      {
        address: undefined,
        type: 'stream',
        state: 'connected',
        user: 'ada',
        processes: [{ pid: 43, command: 'node' }],
      },
      { address: 'unix:/var/run/syslog', type: 'datagram', state: 'bound', user: undefined, processes: [] },
    ])
  })

  test('the name of a pipe tells the user whose name: it is', () => {
    expect(toEntry('uds-S-1-5-21-1-2-3-1001-chat')).toMatchObject({ user: 'S-1-5-21-1-2-3-1001' })
    expect(toEntry('docker_engine')).toEqual({
      address: 'pipe:docker_engine',
      type: 'pipe',
      state: 'listening',
      user: undefined,
      processes: [],
    })
  })
})
