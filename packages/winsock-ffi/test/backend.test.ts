/** Which foreign function interface makes the calls, and what holds for each. */
import { constants } from 'node:os'
import { describe, expect, test } from 'vitest'
import { ensureWsaStarted, libc, winsock } from '@uds/winsock-ffi'
import { spawnScript } from '@uds/testkit'
import { converted } from '../src/binding/converted.ts'
import { asUtf16, asUtf8 } from '../src/binding/texts.ts'
import { fixedSignature } from '../src/binding/variadic.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const hasNodeFfi = major > 26 || (major === 26 && minor >= 1)
const onWindows = process.platform === 'win32'
/** winerror.h */
const WSAENOTSOCK = 10_038

interface Said {
  readonly code?: string
  readonly message?: string
  readonly has?: boolean
  readonly backend?: string
  readonly adoption?: boolean
  readonly pollHandle?: boolean
  readonly reasons?: readonly string[]
}

const which = async (
  choice: string | undefined,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): Promise<Said> => {
  const script = new URL('fixtures/which-backend.ts', import.meta.url)
  const child = spawnScript(script, args, { env: { UDS_FFI: choice }, execArgv: flags })
  expect(await child.exit).toEqual({ code: 0, signal: null })
  const said = JSON.parse(child.stdout()) as Said
  // What the system itself lacks is another matter.
  const ofCalls = said.reasons?.filter((each) => /^(koffi|system calls|poll handle|adoption):/.test(each))
  return { ...said, ...(ofCalls && { reasons: ofCalls }) }
}

describe('UDS_FFI', () => {
  test.each([undefined, '', 'koffi'])('%j: koffi makes the calls', async (choice) => {
    expect(await which(choice)).toMatchObject({ has: true, backend: 'koffi', reasons: [] })
  })

  test('an unknown name is refused in words, wherever it is asked for', async () => {
    expect(await which('libffi')).toEqual({
      code: 'ERR_INVALID_ARG_VALUE',
      message: `load: UDS_FFI must be one of koffi, node, bun, deno, got 'libffi' (string)`,
    })
  })

  test.each([
    ['bun', 'bun:ffi', 'only Bun has bun:ffi'],
    ['deno', 'deno', 'only Deno has Deno.dlopen'],
  ])('%s is refused in Node, though koffi is there', async (choice, backend, advice) => {
    expect(await which(choice)).toEqual({
      code: 'ENOTSUP',
      message: `load ENOTSUP ${backend}: this is Node ${process.versions.node} (${advice})`,
      has: false,
    })
  })

  test.skipIf(hasNodeFfi)('node is refused before Node 26.1', async () => {
    const { code, message } = await which('node')
    expect(code).toBe('ENOTSUP')
    expect(message).toMatch(/this is Node \d+\.\d+\.\d+ \(Node 26\.1 and later have node:ffi\)/)
  })

  test.runIf(hasNodeFfi)('node: node:ffi makes the calls', async () => {
    expect(await which('node')).toMatchObject({ has: true, backend: 'node:ffi', reasons: [] })
  })
})

describe('without koffi', () => {
  test.skipIf(hasNodeFfi)('an older Node says what to install, and which Node needs nothing', async () => {
    const { code, message, has } = await which(undefined, ['without-koffi'])
    expect({ code, has }).toEqual({ code: 'ENOTSUP', has: false })
    expect(message).toMatch(/npm install koffi.*without koffi: Node 26\.1 and later have node:ffi/)
  })

  test.runIf(hasNodeFfi)(
    'nothing is lost: node:ffi makes the calls, and koffi is the only reason',
    async () => {
      const { backend, adoption, pollHandle, reasons } = await which(undefined, ['without-koffi'])
      expect({ backend, adoption, pollHandle }).toEqual({
        backend: 'node:ffi',
        adoption: true,
        pollHandle: true,
      })
      expect(reasons).toEqual([expect.stringMatching(/^koffi: .*npm install koffi/)])
    },
  )

  test.runIf(hasNodeFfi)('under --permission the flag is named', async () => {
    const { code, message } = await which('node', [], ['--permission', '--allow-fs-read=*'])
    expect(code).toBe('ENOTSUP')
    expect(message).toMatch(/--allow-ffi/)
  })
})

/** A call that fails, and the error number that it fails with. */
const failing = (): [call: () => number, error: number] => {
  if (!onWindows) return [() => libc.close.attempt(-1), constants.errno.EBADF]
  ensureWsaStarted()
  return [() => winsock.closesocket.attempt(0x7ffe), WSAENOTSOCK]
}

test('the error number of a call is its own, whatever the engine does in between', () => {
  const [call, error] = failing()
  // Memory that the engine has to get from the system, and to give back.
  const kept: unknown[] = []
  const wrong: number[] = []
  for (let count = 0; count < 50_000; count += 1) {
    const result = call()
    if (result !== -error) wrong.push(result)
    if (count % 50 === 0) kept.splice(0, kept.length, new Uint8Array(2 ** 20), Array(1000).fill(count))
  }
  expect(wrong).toEqual([])
})

const call = (...values: unknown[]): unknown => values

describe('a function of fixed arguments in the place of a variadic one', () => {
  test('takes them as they come, but on Apple silicon', () => {
    const { args, wrap } = fixedSignature(['int32_t', 'int32_t'], ['int32_t'], false)
    expect(args).toEqual(['int32_t', 'int32_t', 'int32_t'])
    expect(wrap(call)(3, 4, 5)).toEqual([3, 4, 5])
  })

  test.each([
    ['int32_t', 'intptr_t'],
    ['void *', 'void *'],
  ] as const)('there %s behind the dots is the ninth, on the stack, with eight bytes', (type, wide) => {
    const { args, wrap } = fixedSignature(['int32_t', 'int32_t'], [type], true)
    expect(args).toHaveLength(9)
    expect(args.slice(2, 8)).toEqual(Array(6).fill('intptr_t'))
    expect(args[8]).toBe(wide)
    expect(wrap(call)(3, 4, 5)).toEqual([3, 4, 0, 0, 0, 0, 0, 0, 5])
  })
})

test.each([0, 1, 2, 3, 4, 5, 6])('values of %d arguments are converted, each by its type', (count) => {
  const types = (['size_t', 'int32_t', 'str', 'str16', 'void *', 'size_t'] as const).slice(0, count)
  const conversions = {
    args: { size_t: (value: unknown) => BigInt(value as number), str: asUtf8, str16: asUtf16 },
    results: { intptr_t: Number },
  }
  const seen: unknown[] = []
  const native = (...args: unknown[]): bigint => {
    seen.push(...args)
    return 7n
  }
  const values = [1, 2, 'é', 'é', null, 6].slice(0, count)
  expect(converted(native, conversions, 'intptr_t', types)(...values)).toBe(7)
  const wanted = [1n, 2, Buffer.from('é\0'), Buffer.from('é\0', 'utf16le'), null, 6n]
  expect(seen).toEqual(wanted.slice(0, count))
})
