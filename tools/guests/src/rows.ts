/** A small guest: one source file. */
export interface GuestRow {
  readonly language: 'c' | 'go' | 'js' | 'rust' | 'wat'
  /** Below this package. */
  readonly source: string
  /** Arguments of the compiler. */
  readonly flags?: readonly string[]
  /** Also compiles in the C library of packages/wasi-host/guest, under the names of POSIX. */
  readonly posix?: boolean
  /** Makes a component of WASI 0.2 of it: in C with wasi-libc for that, in Rust with the adapter of preview 1. */
  readonly component?: boolean
}

/** The name of a small guest. */
export type GuestName =
  | 'composed'
  | 'go-http-server'
  | 'hello'
  | 'js-http-server'
  | 'preview1-client'
  | 'preview1-server'
  | 'rust-component'
  | 'rust-echo-server'
  | 'uds-checks'
  | 'uds-client'
  | 'uds-server'
  | 'uds-tls-client'
  | 'wamr-client'
  | 'wasix-client'
  | 'wasix-server'
  | 'wasip2-files'
  | 'wasip2-sockets'
  | 'wasmedge1-client'
  | 'wasmedge1-server'
  | 'wasmedge2-client'
  | 'wasmedge2-server'
  | 'zig-client'

const WASMEDGE_V2 = ['-DWASMEDGE_V2']

/** The small guests: one for each ABI and side, those of other languages' standard libraries, and components. */
export const rows: Readonly<Record<GuestName, GuestRow>> = {
  composed: { language: 'wat', source: 'wat/composed.wat' },
  'go-http-server': { language: 'go', source: 'go/http-server.go' },
  hello: { language: 'c', source: 'c/hello.c', posix: true },
  'js-http-server': { language: 'js', source: 'js/http-server.js' },
  'preview1-client': { language: 'c', source: 'c/preview1-client.c' },
  'preview1-server': { language: 'c', source: 'c/preview1-server.c' },
  'rust-component': { language: 'rust', source: 'rust/echo-server.rs', component: true },
  'rust-echo-server': { language: 'rust', source: 'rust/echo-server.rs' },
  'uds-checks': { language: 'c', source: 'c/uds-checks.c', posix: true },
  'uds-client': { language: 'c', source: 'c/uds-client.c', posix: true },
  'uds-server': { language: 'c', source: 'c/uds-server.c', posix: true },
  'uds-tls-client': { language: 'c', source: 'c/uds-tls-client.c', posix: true },
  'wamr-client': { language: 'c', source: 'c/wamr-client.c' },
  'wasix-client': { language: 'c', source: 'c/wasix-client.c' },
  'wasix-server': { language: 'c', source: 'c/wasix-server.c' },
  'wasip2-files': { language: 'c', source: 'c/wasip2-files.c', component: true },
  'wasip2-sockets': { language: 'c', source: 'c/wasip2-sockets.c', component: true },
  'wasmedge1-client': { language: 'c', source: 'c/wasmedge-client.c' },
  'wasmedge1-server': { language: 'c', source: 'c/wasmedge-server.c' },
  'wasmedge2-client': { language: 'c', source: 'c/wasmedge-client.c', flags: WASMEDGE_V2 },
  'wasmedge2-server': { language: 'c', source: 'c/wasmedge-server.c', flags: WASMEDGE_V2 },
  'zig-client': { language: 'c', source: 'c/zig-client.c' },
}

/** Whether it takes long to make, so that a test only finds it: a compiler of half a minute, or packages of npm. */
export const isSlow = ({ language, component }: GuestRow): boolean =>
  ['go', 'js', 'wat'].includes(language) || component === true
