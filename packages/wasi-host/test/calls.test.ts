/** Every import of every ABI by a table: success, its errno, memory out of bounds, bad descriptor, closed peer, would block. */
import { capabilities } from '@uds/winsock-ffi'
import { describe, expect, test } from 'vitest'
import { abis } from '../src/abi/link.ts'
import type { Row } from '../src/abi/abi.ts'
import { errnoOf } from '../src/outcome/errno.ts'
import type { Import } from './builder/module.ts'
import { Maker } from './calls/maker.ts'
import { preview1Calls } from './calls/preview1.ts'
import { NAME_TEXT, type Arg, type CallRow, type CallTable, type State } from './calls/table.ts'
import { udsCalls } from './calls/uds.ts'
import { wamrCalls } from './calls/wamr.ts'
import { wasixCalls } from './calls/wasix.ts'
import { wasmedgeCalls } from './calls/wasmedge.ts'
import { zigCalls } from './calls/zig.ts'
import { drive, serve, udsImports, waits, type Driven } from './driver.ts'

const tables: readonly CallTable[] = [zigCalls, preview1Calls, wasmedgeCalls, wamrCalls, wasixCalls, udsCalls]

/** A descriptor that nobody has, and a pointer that leaves the memory. */
const NOBODY = 4000
const OUTSIDE = 0xffff_fff0 | 0
const importsOf = ({ module, rows }: CallTable): Import[] =>
  [...new Set(rows.map(({ call }) => call))].map((call) => {
    const [name, parameters] = call.split(':') as [string, string]
    return { module, name, parameters, as: call }
  })

/** What reaches out of the guest, whatever an ABI calls it. */
const REACHING =
  /^(sock_(connect|connect_host|bind|listen|send_to|sendto|resolve|addr_resolve|getaddrinfo)|resolve):/

interface Driving {
  readonly maker: Maker
  readonly guest: Driven
  readonly port: number
}

/** Calls with the arguments of a row; `broken` is the place of a pointer that leaves the memory. */
const callRow = (
  { guest, port }: Driving,
  { call, args }: CallRow,
  fd: number,
  broken = -1,
): Promise<number> => {
  const values = args.map((arg: Arg, index) => {
    if (index === broken) return OUTSIDE
    if (arg === 'fd') return fd
    if (arg === 'port') return port
    return typeof arg === 'object' ? arg.pointer : arg
  })
  return guest.call(call, ...values)
}

const shown = (arg: Arg): string => (typeof arg === 'object' ? `*${arg.pointer}` : String(arg))

const pointersOf = ({ args, unread = [] }: CallRow): number[] =>
  args.flatMap((arg, index) => (typeof arg === 'object' && !unread.includes(index) ? [index] : []))

const shapesOf = (table: CallTable): Set<string> => {
  const names = new Set<string>()
  for (const abi of abis.filter(
    ({ modules, name }) => modules.includes(table.module) && belongs(name, table),
  )) {
    for (const [name, row] of Object.entries(abi.rows)) {
      for (const { parameters } of (Array.isArray(row) ? row : [row]) as Row[])
        names.add(`${name}:${parameters}`)
    }
  }
  return names
}

const belongs = (name: string, table: CallTable): boolean =>
  table.module === 'uds_socket' || name === table.abi

describe.each(
  tables.map((table) => [table.module === 'uds_socket' ? 'uds_socket' : table.abi, table] as const),
)('the calls of %s', (_name, table) => {
  const style = table.style
  const codeOf = (code: string): number => (code === 'SUCCESS' ? 0 : errnoOf(code, style))

  test('are all in the table', () => {
    const listed = new Set(table.rows.map(({ call }) => call))
    // WasmEdge's have a second name each; proc_exit ends the guest.
    const missing = [...shapesOf(table)].filter(
      (each) => !listed.has(each) && !listed.has(each.replace('_v2:', ':')) && each !== 'proc_exit:i',
    )
    expect(missing).toEqual([])
  })

  describe.each(waits)('under %s', { timeout: 120_000 }, (wait) => {
    const start = async (): Promise<Driving> => {
      const server = await serve((socket) => void socket.on('data', () => {}).pause())
      const guest = await drive({
        imports: [...udsImports, ...importsOf(table)],
        host: {
          wait,
          abi: table.abi,
          errno: 'linux',
          sockets: {
            allow: [
              'connect:127.0.0.1:*',
              'bind:127.0.0.1:*',
              'bind:0.0.0.0:0',
              'connect:udp:127.0.0.1:*',
              'bind:udp:127.0.0.1:*',
              `connect:${NAME_TEXT}:*`,
            ],
            resolve: { [NAME_TEXT]: ['127.0.0.1'] },
          },
        },
      })
      return { maker: new Maker(guest, server), guest, port: server.port }
    }

    test('give what the table says', async () => {
      const hasNoUnix = wait === 'blocking' && !capabilities().afUnix
      const driving = await start()
      for (const row of table.rows) {
        await table.prepare(driving.guest, driving.port)
        const fd = row.args.includes('fd') ? await driving.maker.of(row.on ?? 'open') : -1
        expect(await callRow(driving, row, fd), `${row.call} ${row.args.map(shown).join(' ')}`).toBe(
          codeOf(row.needsUnix && hasNoUnix ? 'EAFNOSUPPORT' : (row.gives ?? 'SUCCESS')),
        )
      }
    })

    test('know a descriptor that nobody has', async () => {
      const driving = await start()
      for (const row of table.rows.filter(({ args }) => args.includes('fd'))) {
        await table.prepare(driving.guest, driving.port)
        expect(await callRow(driving, row, NOBODY), row.call).toBe(codeOf(row.unknown ?? 'EBADF'))
      }
    })

    test('know a pointer that leaves the memory, each of theirs', async () => {
      const driving = await start()
      for (const row of table.rows) {
        for (const index of pointersOf(row)) {
          await table.prepare(driving.guest, driving.port)
          const fd = row.args.includes('fd') ? await driving.maker.of(row.on ?? 'open') : -1
          const errno = await callRow(driving, row, fd, index)
          // What is wrong besides may be seen first.
          const known = [codeOf(table.fault), ...(row.gives ? [codeOf(row.gives)] : [])]
          expect(known, `${row.call}, argument ${index}: ${errno}`).toContain(errno)
        }
      }
    })

    test('say that they would block', async () => {
      const driving = await start()
      // What would block changes nothing, so one descriptor of each kind does for all.
      const made = new Map<State, number>()
      for (const row of table.rows) {
        if (row.blocks === undefined) continue
        const fd = made.get(row.blocks) ?? (await driving.maker.of(row.blocks))
        made.set(row.blocks, fd)
        await table.prepare(driving.guest, driving.port)
        let errno = await callRow(driving, row, fd)
        // What is on its way makes room again.
        for (let tries = 0; row.blocks === 'full' && errno === 0 && tries < 1000; tries += 1) {
          await driving.maker.fill(fd)
          errno = await callRow(driving, row, fd)
        }
        expect(errno, row.call).toBe(codeOf('EAGAIN'))
      }
      driving.maker.release()
    })

    test('reach nothing where nothing is allowed', async () => {
      let reached = 0
      const server = await serve(() => (reached += 1))
      const guest = await drive({
        imports: [...udsImports, ...importsOf(table)],
        host: { wait, abi: table.abi, errno: 'linux' },
      })
      const maker = new Maker(guest, server)
      for (const row of table.rows) {
        const { on = 'open', call } = row
        if (on !== 'open' && on !== 'datagram') continue
        await table.prepare(guest, server.port)
        const fd = row.args.includes('fd') ? await maker.open(on === 'open' ? 1 : 2) : -1
        const errno = await callRow({ maker, guest, port: server.port }, row, fd)
        if (REACHING.test(call) && (row.gives === undefined || row.gives === 'EADDRINUSE'))
          expect(errno, call).toBe(codeOf('EACCES'))
      }
      expect(reached).toBe(0)
    })

    test('know that the peer has left', async () => {
      const driving = await start()
      for (const row of table.rows) {
        if (row.received === undefined && !row.sends) continue
        const fd = await driving.maker.of('left')
        await table.prepare(driving.guest, driving.port)
        if (row.received !== undefined) {
          await driving.guest.words(row.received, 77)
          expect(await callRow(driving, row, fd), row.call).toBe(0)
          expect(await driving.guest.u32(row.received), row.call).toBe(0)
        } else {
          let errno = 0
          for (let tries = 0; errno === 0 && tries < 10_000; tries += 1) {
            errno = await callRow(driving, row, fd)
          }
          expect([codeOf('EPIPE'), codeOf('ECONNRESET')], `${row.call}: ${errno}`).toContain(errno)
        }
      }
    })
  })
})
