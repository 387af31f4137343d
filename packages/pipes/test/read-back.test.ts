/** What the system itself says of the pipes that were made. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { advapi32Library, bindTable, sidOfProcess, type Bound } from '@uds/winsock-ffi'
import { isWine } from '@uds/testkit'
import { WinListener, WinStream, type PipeBindOptions } from '../src/index.ts'
import {
  FILE_FLAG_FIRST_PIPE_INSTANCE,
  FILE_FLAG_OVERLAPPED,
  PIPE_REJECT_REMOTE_CLIENTS,
  SDDL_REVISION_1,
  SECURITY_IDENTIFICATION,
  SECURITY_SQOS_PRESENT,
} from '../src/named-pipe/win32/constants.ts'
import { advapi32 as ours, kernel32 } from '../src/libraries/win32.ts'
import { win } from './kinds.ts'

const rows = {
  /** aclapi.h: `DWORD GetSecurityInfo(HANDLE, SE_OBJECT_TYPE, SECURITY_INFORMATION, PSID *owner, PSID *group, PACL *dacl, PACL *sacl, PSECURITY_DESCRIPTOR *)` */
  GetSecurityInfo: {
    args: ['HANDLE', 'int', 'DWORD', 'void *', 'void *', 'void *', 'void *', 'void *'],
    result: 'DWORD',
    fails: 'nonzero',
  },
  /** sddl.h: `BOOL ConvertSecurityDescriptorToStringSecurityDescriptorW(PSECURITY_DESCRIPTOR, DWORD revision, SECURITY_INFORMATION, LPWSTR *, PULONG)` */
  ConvertSecurityDescriptorToStringSecurityDescriptorW: {
    args: ['void *', 'DWORD', 'DWORD', 'void *', 'void *'],
    result: 'BOOL',
    fails: 'zero',
  },
  /** namedpipeapi.h, securitybaseapi.h, processthreadsapi.h */
  ImpersonateNamedPipeClient: { args: ['HANDLE'], result: 'BOOL', fails: 'zero' },
  RevertToSelf: { args: [], result: 'BOOL', fails: 'zero' },
  OpenThreadToken: { args: ['HANDLE', 'DWORD', 'BOOL', 'void *'], result: 'BOOL', fails: 'zero' },
  GetTokenInformation: {
    args: ['HANDLE', 'int', 'void *', 'DWORD', 'void *'],
    result: 'BOOL',
    fails: 'zero',
  },
} as const
const advapi32: Bound<typeof rows> = bindTable(advapi32Library, rows)

const SE_KERNEL_OBJECT = 6
const DACL_SECURITY_INFORMATION = 4
// winnt.h, processthreadsapi.h
const TOKEN_QUERY = 8
const TokenImpersonationLevel = 9
const SecurityIdentification = 1
const CURRENT_THREAD = -2

/** A security descriptor as text. The system makes FA, all rights of a file, of GA, all rights; Wine leaves it. */
const textOf = (descriptor: bigint): string => {
  const text = new BigInt64Array(1)
  const length = new Uint32Array(1)
  advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW(
    descriptor,
    SDDL_REVISION_1,
    DACL_SECURITY_INFORMATION,
    text,
    length,
  )
  const copy = Buffer.alloc(2 * (length[0]! - 1))
  kernel32.RtlMoveMemory(copy, text[0]!, copy.length)
  kernel32.LocalFree(text[0]!)
  return copy.toString('utf16le').replaceAll(';GA;', ';FA;')
}

/** The access control list of a pipe, as the system has it. */
const daclOf = ({ rawHandle }: { readonly rawHandle: number }): string => {
  const descriptor = new BigInt64Array(1)
  advapi32.GetSecurityInfo(
    rawHandle,
    SE_KERNEL_OBJECT,
    DACL_SECURITY_INFORMATION,
    null,
    null,
    null,
    null,
    descriptor,
  )
  const text = textOf(descriptor[0]!)
  kernel32.LocalFree(descriptor[0]!)
  return text
}

/** How the system writes an SDDL: well-known users have abbreviations. */
const normal = (sddl: string): string => {
  const descriptor = new BigInt64Array(1)
  ours.ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, descriptor, null)
  const text = textOf(descriptor[0]!)
  kernel32.LocalFree(descriptor[0]!)
  return text
}

/** A listener, the two ends of a connection to it, and what to close. */
const connected = (options?: PipeBindOptions): [WinListener, WinStream, WinStream] => {
  const name = win.fresh()
  const listener = WinListener.bind(name, options)
  const client = WinStream.connect(name)
  return [listener, client, listener.accept()]
}

const onlyUs = (): string => `D:P(A;;GA;;;${sidOfProcess(process.pid)})`

const sizesOf = ({ rawHandle }: WinStream): [number, number] => {
  const out = new Uint32Array(1)
  const incoming = new Uint32Array(1)
  kernel32.GetNamedPipeInfo(rawHandle, null, out, incoming, null)
  return [out[0]!, incoming[0]!]
}

const close = (all: readonly { close(): void }[]): void => all.forEach((each) => each.close())

afterEach(() => {
  vi.restoreAllMocks()
})

describe.skipIf(!win.here)('the access control list', () => {
  test('lets in the current user and nobody else, unless told otherwise, at every instance', () => {
    const all = connected()
    for (const each of all) expect(daclOf(each)).toBe(normal(onlyUs()))
    const more = [WinStream.connect(all[0].localAddr().asPathname()!), all[0].accept()]
    for (const each of more) expect(daclOf(each)).toBe(normal(onlyUs()))
    close([...more, ...all])
    const [listener, ...ends] = connected({ security: 'current-user' })
    expect(daclOf(listener)).toBe(normal(onlyUs()))
    close([...ends, listener])
  })

  test('of a pair lets in the current user and nobody else', () => {
    const pair = WinStream.pair()
    expect(pair.map(daclOf)).toEqual([normal(onlyUs()), normal(onlyUs())])
    close(pair)
  })

  test("of 'authenticated-users' lets them connect, but not add servers of their own", () => {
    const all = connected({ security: 'authenticated-users' })
    // Read, write, synchronise; without FILE_CREATE_PIPE_INSTANCE (4).
    expect(0x12019b & 4).toBe(0)
    for (const each of all) expect(daclOf(each)).toBe(normal(`${onlyUs()}(A;;0x12019b;;;AU)`))
    close(all)
  })

  test("of 'os-default' is not ours, and that of an SDDL is what it says", () => {
    const all = connected({ security: 'os-default' })
    for (const each of all) expect(daclOf(each)).not.toBe(normal(onlyUs()))
    close(all)
    const sddl = 'D:P(A;;GA;;;WD)(A;;GA;;;SY)'
    const others = connected({ security: { sddl } })
    for (const each of others) expect(daclOf(each)).toBe(normal(sddl))
    close(others)
  })
})

describe.skipIf(!win.here)('flags', () => {
  test('a client lets the server identify it, not act in its name', () => {
    const opened = vi.spyOn(kernel32.CreateFileW, 'attempt')
    const all = connected()
    const flags = opened.mock.calls.map((call) => call[5])
    expect(flags).toEqual([FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION])
    close(all)
  })

  // Wine ignores the flags, and every client may be impersonated.
  test.skipIf(isWine)('a server that impersonates its client gets a token of identification', () => {
    const all = connected()
    const server = all[2]
    advapi32.ImpersonateNamedPipeClient(server.rawHandle)
    const token = new BigInt64Array(1)
    const level = new Uint32Array(1)
    try {
      advapi32.OpenThreadToken(CURRENT_THREAD, TOKEN_QUERY, 1, token)
      advapi32.GetTokenInformation(Number(token[0]), TokenImpersonationLevel, level, 4, new Uint32Array(1))
    } finally {
      advapi32.RevertToSelf()
    }
    kernel32.CloseHandle(Number(token[0]))
    expect(level[0]).toBe(SecurityIdentification)
    close(all)
  })

  test('the first instance claims the name, and every one rejects remote clients unless told otherwise', () => {
    const created = vi.spyOn(kernel32.CreateNamedPipeW, 'attempt')
    WinListener.bind(win.fresh(), { backlog: 2 }).close()
    WinListener.bind(win.fresh(), { backlog: 2, rejectRemote: false }).close()
    const first = created.mock.calls.map(([, open]) => (open & FILE_FLAG_FIRST_PIPE_INSTANCE) !== 0)
    const rejecting = created.mock.calls.map(([, , mode]) => (mode & PIPE_REJECT_REMOTE_CLIENTS) !== 0)
    expect(first).toEqual([true, false, true, false])
    expect(rejecting).toEqual([true, true, false, false])
  })

  test('rejectRemote renews the instances that wait, and holds for later ones', () => {
    const listener = WinListener.bind(win.fresh(), { backlog: 2 })
    const created = vi.spyOn(kernel32.CreateNamedPipeW, 'attempt')
    listener.rejectRemote(false)
    const client = WinStream.connect(listener.localAddr().asPathname()!)
    const server = listener.accept()
    const rejecting = created.mock.calls.map(([, , mode]) => (mode & PIPE_REJECT_REMOTE_CLIENTS) !== 0)
    expect(rejecting).toEqual([false, false, false])
    close([client, server, listener])
  })
})

describe.skipIf(!win.here)('buffers', () => {
  test.each([undefined, 512, 100_000, 2 ** 20])(
    'of bufferSize %s are as large, 64 KiB by default',
    (bufferSize) => {
      const [listener, client, server] = connected({ bufferSize })
      const wanted = [bufferSize ?? 65_536, bufferSize ?? 65_536]
      expect([sizesOf(client), sizesOf(server)]).toEqual([wanted, wanted])
      close([client, server, listener])
      const pair = WinStream.pair()
      expect(pair.map(sizesOf)).toEqual([
        [65_536, 65_536],
        [65_536, 65_536],
      ])
      close(pair)
    },
  )
})
