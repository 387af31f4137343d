import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { inspect, WasiHost } from '../src/index.ts'
import { wrap } from './builder/component.ts'
import { assemble, buildModule, preview1, type Import } from './builder/module.ts'

const component = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0)

describe('inspect', () => {
  test('gives the imports with their types, and the exports', () => {
    const found = inspect(buildModule({ imports: preview1('fd_seek:iIii', 'sock_accept:iii') }))
    expect(found.imports[0]).toEqual({
      module: 'wasi_snapshot_preview1',
      name: 'fd_seek',
      kind: 'function',
      parameters: ['i32', 'i64', 'i32', 'i32'],
      results: ['i32'],
    })
    expect(found.exports.map(({ name }) => name)).toEqual(['memory', 'fd_seek', 'sock_accept', 'grow'])
    expect(found.socketCalls).toEqual(['wasi_snapshot_preview1.sock_accept(i32, i32, i32) -> i32'])
    expect(found.command).toBe(false)
  })

  test.each<[string, readonly Import[]]>([
    ['preview1', preview1('sock_accept:iii', 'sock_recv:iiiiii', 'sock_send:iiiii')],
    ['preview1', preview1('fd_read:iiii')],
    ['zig', preview1('sock_open:iii', 'sock_connect:ii')],
    ['zig', preview1('sock_resolve:iiiiii')],
    ['zig', preview1('sock_recv:iiii', 'sock_accept:iii')],
    ['wasmedge', preview1('sock_open:iii', 'sock_connect:iii')],
    ['wasmedge', preview1('sock_accept:ii')],
    ['wasmedge', preview1('sock_open:iii', 'sock_bind:iii', 'sock_recv:iiiiii')],
    ['wamr', preview1('sock_open:iiii', 'sock_connect:ii')],
    ['wamr', preview1('sock_addr_resolve:iiiiii')],
    ['wasix', [{ module: 'wasix_32v1', name: 'sock_open', parameters: 'iiii' }]],
  ])('tells %s from the names and the types', (abi, imports) => {
    expect(inspect(buildModule({ imports })).abi).toBe(abi)
  })

  test('says what it is that is no module', () => {
    expect(() => inspect(Buffer.from('MZ\u0090'))).toThrow(/not a WebAssembly module: it begins with "MZ/)
    expect(() => inspect(new Uint8Array(0))).toThrow(/it is empty/)
    expect(() => inspect('/does/not/exist.wasm')).toThrow(
      // Under Windows the path gets a drive.
      /^ENOENT: there is no WebAssembly module at .*exist\.wasm \(is the path right\?\)$/,
    )
    expect(() => inspect(import.meta.dirname)).toThrow(`${import.meta.dirname} is a directory`)
    expect(() => inspect(7 as never)).toThrow(/must be a path/)
  })

  test('a component is one of WASI 0.2 or 0.3, by what it imports and exports', async () => {
    expect(inspect(component)).toMatchObject({ kind: 'component', imports: [], command: false })
    await expect(new WasiHost().run(component)).rejects.toThrow(/no core module with a memory/)
    expect(inspect(wrap([], { exports: ['wasi:cli/run@0.2.6'] }))).toMatchObject({
      abi: 'wasi-0.2',
      command: true,
    })
    expect(inspect(wrap([], { imports: ['wasi:sockets/types@0.3.0'], exports: [] }))).toMatchObject({
      abi: 'wasi-0.3',
    })
  })

  test.each([
    ['0.2', 'wasi-0.2'],
    ['0.3', 'wasi-0.3'],
  ])(
    'what a composed component of WASI %s is made of, also where this host would not run it',
    (version, abi) => {
      const code = assemble(`(module (import "wasi:cli/stdout@${version}.0" "get-stdout" (func (result i32)))
      (import "env" "help" (func)) (memory (export "memory") 1) (func (export "go")))`)
      const inner = wrap([code], {
        imports: [`wasi:cli/stdout@${version}.0`],
        exports: ['test:library/api@1.0.0'],
      })
      const wrapper = wrap([], { imports: ['test:library/api@1.0.0'], exports: [] })
      const run = `wasi:cli/run@${version}.0`
      const outer = wrap([], {
        imports: [`wasi:cli/stdout@${version}.0`],
        exports: [run],
        sections: [
          [4, [...inner]],
          [4, [...wrapper]],
        ],
      })
      expect(inspect(outer)).toMatchObject({ kind: 'component', abi, command: true })
      expect(inspect(outer).inside).toEqual({
        imports: [`wasi:cli/stdout@${version}.0`],
        exports: [run],
        modules: [],
        components: [
          {
            imports: [`wasi:cli/stdout@${version}.0`],
            exports: ['test:library/api@1.0.0'],
            modules: [
              {
                size: code.length,
                memory: true,
                imports: [`wasi:cli/stdout@${version}.0`, 'env'],
                exports: ['memory', 'go'],
              },
            ],
            components: [],
          },
          { imports: ['test:library/api@1.0.0'], exports: [], modules: [], components: [] },
        ],
      })
      expect(inspect(buildModule({ imports: [] })).inside).toBeUndefined()
    },
  )

  test('components that lie too deep in each other are refused', () => {
    let nested = wrap([], { exports: [] })
    for (let depth = 0; depth < 102; depth += 1)
      nested = wrap([], { exports: [], sections: [[4, [...nested]]] })
    expect(() => inspect(nested)).toThrow(/more than 100 deep/)
  })

  test.each([
    [
      'a module',
      buildModule({ imports: preview1('sock_open:iii', 'fd_read:iiii'), sections: ['go:buildid'] }),
    ],
    [
      'a component',
      wrap([buildModule({ imports: preview1('fd_read:iiii') })], { imports: ['wasi:io/poll@0.2.0'] }),
    ],
  ])('no bytes whatever of %s make it loop or throw anything but ERR_INVALID_WASM', (_what, module) => {
    fc.assert(
      fc.property(fc.nat(module.length - 1), fc.nat(255), fc.nat(module.length), (at, byte, length) => {
        const bytes = module.slice()
        bytes[at] = byte
        try {
          inspect(bytes.subarray(0, length))
        } catch (error) {
          expect((error as { code?: string }).code).toBe('ERR_INVALID_WASM')
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('an import that nobody offers is named with its type, and so are those that come near', async () => {
    const host = new WasiHost({ stdin: 'ignore' })
    const wrong = buildModule({ imports: preview1('sock_recv:iii', 'sock_teleport:ii') })
    const error = await host.instantiate(wrong).catch((each: unknown) => each as Error & { code: string })
    expect(error).toMatchObject({ code: 'ERR_WASI_LINK' })
    expect((error as Error).message).toContain(
      'sock_teleport(i32, i32) -> i32: no ABI of this host has a call of that name',
    )
    expect((error as Error).message).toContain('zig has (iiii)')
    const foreign = buildModule({ imports: [{ module: 'env', name: 'now', parameters: '' }] })
    await expect(host.instantiate(foreign)).rejects.toThrow(/this host has no module "env"/)
    await expect(host.run(buildModule({ imports: [] }))).rejects.toThrow(/no _start/)
  })
})
