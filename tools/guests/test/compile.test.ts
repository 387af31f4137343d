import { readFileSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { needsGuest } from '../src/index.ts'
import type { GuestName } from '../src/index.ts'

// TypeScript declares WebAssembly among what browsers have only.
interface Wasm {
  readonly Module: (new (bytes: Uint8Array) => object) & {
    imports(module: object): { readonly module: string; readonly name: string }[]
  }
}
const { Module } = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly

const socketImports = (path: string): string[] =>
  Module.imports(new Module(readFileSync(path)))
    .filter(({ name }) => name.startsWith('sock_'))
    .map(({ module, name }) => `${module === 'uds_socket' ? 'uds ' : ''}${name}`)
    .toSorted()

const edge = ['sock_connect', 'sock_open', 'sock_recv', 'sock_send', 'sock_shutdown']
const edgeServer = [
  'sock_accept',
  'sock_bind',
  'sock_getlocaladdr',
  'sock_listen',
  'sock_open',
  'sock_recv',
  'sock_send',
]

/** What each guest asks of its host: one of each ABI, and nothing of another. */
const expected: Partial<Record<GuestName, string[]>> = {
  'zig-client': ['sock_close', 'sock_connect', 'sock_open', 'sock_recv', 'sock_resolve', 'sock_send'],
  'preview1-client': ['sock_recv', 'sock_send', 'sock_shutdown'],
  'preview1-server': ['sock_accept', 'sock_recv', 'sock_send'],
  'rust-echo-server': ['sock_accept'],
  'wasmedge1-client': edge,
  'wasmedge2-client': edge,
  'wasmedge1-server': edgeServer,
  'wasmedge2-server': edgeServer,
}

describe.each(Object.entries(expected) as [GuestName, string[]][])('%s', (name, imports) => {
  const guest = needsGuest(name)
  test.skipIf(guest.missing)('imports the calls of its ABI', () => {
    expect(socketImports(guest.path)).toEqual(imports)
  })
})

const checks = needsGuest('uds-checks')
describe.skipIf(checks.missing)('uds-checks', () => {
  test('imports nothing but uds_socket for its sockets', () => {
    expect(socketImports(checks.path).filter((name) => !name.startsWith('uds '))).toEqual([])
  })

  test('comes from the cache the second time', () => {
    const before = statSync(checks.path).mtimeMs
    expect(needsGuest('uds-checks').path).toBe(checks.path)
    expect(statSync(checks.path).mtimeMs).toBe(before)
  })
})
