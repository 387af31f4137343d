import type { System } from './system.ts'

/** Where a program comes from, and on which systems a test may insist on it. */
export interface ProgramRow {
  /** The Debian package; undefined where npm has the program. */
  readonly debian?: string
  /** The npm package, on every system. */
  readonly npm?: string
  /** The Homebrew formula; undefined where Homebrew has none. */
  readonly brew?: string
  /** How to come by it on Windows; undefined where there is none for Windows. */
  readonly windows?: string
  /** The systems on which it can be installed, so that UDS_REQUIRE=all may demand it. */
  readonly systems: readonly System[]
  /** Directories, or patterns of them, that are searched after PATH. */
  readonly also?: readonly string[]
  /** The pattern of its file's name, where that has a version in it. */
  readonly file?: string
  /** Arguments with which it succeeds when it has the modules that tests need. */
  readonly probe?: readonly string[]
}

/** A program of the table below. */
export type ProgramName =
  | 'bun'
  | 'cc'
  | 'chromium'
  | 'chronyd'
  | 'clang'
  | 'curl'
  | 'dbus-daemon'
  | 'deno'
  | 'escript'
  | 'gcc'
  | 'git'
  | 'go'
  | 'gpg-agent'
  | 'guile'
  | 'haproxy'
  | 'initdb'
  | 'logger'
  | 'lua5.3'
  | 'lua5.4'
  | 'memcached'
  | 'nc'
  | 'nginx'
  | 'nvim'
  | 'openssl'
  | 'perl'
  | 'php'
  | 'php-fpm'
  | 'pike8.0'
  | 'postgres'
  | 'psql'
  | 'python3'
  | 'qemu-system-x86_64'
  | 'redis-cli'
  | 'redis-server'
  | 'rsyslogd'
  | 'ruby'
  | 'rustc'
  | 'sbcl'
  | 'socat'
  | 'ssh-agent'
  | 'strace'
  | 'swipl'
  | 'systemd-notify'
  | 'systemd-socket-activate'
  | 'taskset'
  | 'unshare'
  | 'wasm-ld'
  | 'wine'
  | 'wpa_supplicant'
  | 'x86_64-w64-mingw32-gcc'

const posix = ['linux', 'darwin'] as const
const linux = ['linux'] as const
const sbin = ['/usr/sbin', '/sbin', '/usr/local/sbin']
const postgresql = ['/usr/lib/postgresql/*/bin', '/opt/homebrew/opt/postgresql@*/bin']

/**
 * The programs tests may ask for: a new one is a new row and a new name in {@link ProgramName}.
 *
 * None of them is demanded on Windows: the Windows builds lack AF_UNIX (python3, socat, nginx, redis-server)
 * or are not there under Wine (curl). They are used where they happen to be installed.
 */
export const programs: Readonly<Record<ProgramName, ProgramRow>> = {
  // `pnpm test:runtimes` installs both, and tries everything in them.
  bun: { npm: 'bun', systems: [] },
  deno: { npm: 'deno', systems: [] },
  cc: { debian: 'gcc libc6-dev', brew: 'gcc', systems: posix },
  // Homebrew has it as a cask, which puts no program on PATH.
  chromium: { debian: 'chromium', systems: linux },
  clang: {
    debian: 'clang',
    brew: 'llvm',
    systems: posix,
    also: ['/usr/lib/llvm-*/bin', '/opt/homebrew/opt/llvm/bin'],
  },
  curl: { debian: 'curl', brew: 'curl', systems: posix },
  // For `.windows.c` on Windows itself; under Wine they are compiled beforehand, by the last of this table.
  gcc: {
    debian: 'gcc',
    windows: 'install MinGW-w64; for Wine, apt-get install gcc-mingw-w64-x86-64-win32 on Linux',
    systems: [],
  },
  git: { debian: 'git', brew: 'git', systems: posix },
  go: { debian: 'golang-go', brew: 'go', systems: posix, also: ['/usr/lib/go-*/bin', '/usr/local/go/bin'] },
  logger: { debian: 'bsdutils', systems: linux },
  nc: { debian: 'netcat-openbsd', systems: posix },
  nginx: { debian: 'nginx-light', brew: 'nginx', systems: posix, also: sbin },
  openssl: { debian: 'openssl', brew: 'openssl', systems: posix },
  postgres: { debian: 'postgresql', brew: 'postgresql', systems: posix, also: postgresql },
  initdb: { debian: 'postgresql', brew: 'postgresql', systems: posix, also: postgresql },
  psql: { debian: 'postgresql-client', brew: 'postgresql', systems: posix, also: postgresql },
  python3: { debian: 'python3', brew: 'python', systems: posix },
  'redis-cli': { debian: 'redis-tools', brew: 'redis', systems: posix },
  'redis-server': { debian: 'redis-server', brew: 'redis', systems: posix },
  rustc: { debian: 'rustc', brew: 'rust', systems: posix },
  socat: { debian: 'socat', brew: 'socat', systems: posix },
  'dbus-daemon': { debian: 'dbus', brew: 'dbus', systems: linux },
  'ssh-agent': { debian: 'openssh-client', systems: posix },
  chronyd: { debian: 'chrony', systems: linux, also: sbin },
  escript: { debian: 'erlang-base', brew: 'erlang', systems: linux },
  'gpg-agent': { debian: 'gpg-agent', brew: 'gnupg', systems: linux },
  guile: { debian: 'guile-3.0', brew: 'guile', systems: linux },
  haproxy: { debian: 'haproxy', brew: 'haproxy', systems: linux, also: sbin },
  'lua5.3': { debian: 'lua5.3 lua-posix', systems: linux, probe: ['-e', "require('posix.sys.socket')"] },
  'lua5.4': { debian: 'lua5.4 lua-socket', systems: linux, probe: ['-e', "require('socket.unix')"] },
  memcached: { debian: 'memcached', brew: 'memcached', systems: linux },
  nvim: { debian: 'neovim', brew: 'neovim', systems: linux },
  perl: { debian: 'perl', brew: 'perl', systems: posix },
  php: { debian: 'php-cli', brew: 'php', systems: linux },
  // Debian has the version in the name, and in the package's too.
  'php-fpm': { debian: 'php-fpm', brew: 'php', systems: linux, also: sbin, file: 'php-fpm*' },
  'pike8.0': { debian: 'pike8.0-core', systems: linux },
  'qemu-system-x86_64': { debian: 'qemu-system-x86', brew: 'qemu', systems: linux },
  rsyslogd: { debian: 'rsyslog', brew: 'rsyslog', systems: linux, also: sbin },
  ruby: { debian: 'ruby', brew: 'ruby', systems: linux },
  sbcl: { debian: 'sbcl', brew: 'sbcl', systems: linux },
  swipl: { debian: 'swi-prolog-nox', brew: 'swi-prolog', systems: linux },
  wpa_supplicant: { debian: 'wpasupplicant', systems: linux, also: sbin },
  strace: { debian: 'strace', systems: linux },
  'systemd-notify': { debian: 'systemd', systems: linux },
  'systemd-socket-activate': { debian: 'systemd', systems: linux },
  taskset: { debian: 'util-linux', systems: linux },
  unshare: { debian: 'util-linux', systems: linux },
  'wasm-ld': {
    debian: 'lld',
    brew: 'lld',
    systems: posix,
    also: ['/usr/lib/llvm-*/bin', '/opt/homebrew/opt/lld/bin'],
  },
  wine: { debian: 'wine64', brew: 'wine-stable', systems: linux, also: ['/usr/lib/wine'] },
  'x86_64-w64-mingw32-gcc': { debian: 'gcc-mingw-w64-x86-64-win32', brew: 'mingw-w64', systems: linux },
}
