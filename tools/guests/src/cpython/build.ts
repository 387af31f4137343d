import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { GUEST_KIT } from '../places.ts'
import { run } from '../run.ts'
import type { Toolchain } from '../toolchain.ts'
import type { NativePython } from './native.ts'

// CPython's own name for the target changed with 3.13: https://docs.python.org/3.13/whatsnew/3.13.html
const hostTriple = (source: string): string =>
  readFileSync(join(source, 'configure'), 'utf8').includes('wasip1')
    ? 'wasm32-unknown-wasip1'
    : 'wasm32-unknown-wasi'

// What hosts that embed CPython call, as zig-wasm-cpython's does.
const EXPORTS = ['Py_FinalizeEx', 'Py_Initialize', 'PyRun_SimpleString', 'free', 'malloc']

// Asks CPython's own Makefile for what it links python.wasm from, without Programs/python.o.
const PARTS =
  'parts:;@echo $(PY_CORE_LDFLAGS) $(LINKFORSHARED) $(LINK_PYTHON_OBJS) $(LIBS) $(MODLIBS) $(SYSLIBS)'

/** Puts the extension among CPython's own modules: a static build knows no other way. */
const addExtension = (source: string, build: string): void => {
  const modules = join(source, 'Modules')
  cpSync(join(GUEST_KIT, 'python/_wasisocket.c'), join(modules, '_wasisocket.c'))
  cpSync(join(GUEST_KIT, 'include/uds'), join(modules, 'uds'), { recursive: true })
  // The one in the source folder is not read when the build folder is another.
  mkdirSync(join(build, 'Modules'), { recursive: true })
  cpSync(join(GUEST_KIT, 'python/Setup.local'), join(build, 'Modules/Setup.local'))
}

const environment = (source: string, { clang, bin, target }: Toolchain): Record<string, string> => {
  const compiler = [clang, ...target].join(' ')
  return {
    CC: compiler,
    CPP: `${compiler} -E`,
    AR: join(bin, 'llvm-ar'),
    RANLIB: join(bin, 'llvm-ranlib'),
    LDSHARED: 'wasm-ld',
    // Without symbols: 7 MB instead of 20.
    LDFLAGS: '-s',
    PKG_CONFIG: 'false',
    CONFIG_SITE: join(source, 'Tools/wasm/config.site-wasm32-wasi'),
  }
}

/**
 * Links the same objects as a reactor: `_initialize` runs what precedes main(), and then each export can be called
 * any number of times. A command's exports cannot: wasm-ld has each call of one begin and end the program.
 */
const linkReactor = (build: string, { clang, target }: Toolchain): void => {
  const parts = run('make', ['--silent', `--eval=${PARTS}`, 'parts'], { cwd: build })
    .trim()
    .split(/\s+/)
  const exports = EXPORTS.map((name) => `-Wl,--export=${name}`)
  const output = ['-o', 'python-embed.wasm']
  run(clang, [...target, '-mexec-model=reactor', '-s', ...exports, ...output, ...parts], { cwd: build })
}

/** Compiles CPython for WASI with the extension; returns the folder with python.wasm, python-embed.wasm and pybuilddir.txt. */
export const buildPython = (
  source: string,
  dir: string,
  native: NativePython,
  toolchain: Toolchain,
): string => {
  const build = join(dir, 'build')
  const env = environment(source, toolchain)
  for (const tool of ['AR', 'RANLIB'] as const) {
    if (!existsSync(env[tool] ?? '')) throw new Error(`${env[tool]} is missing: apt-get install llvm`)
  }
  addExtension(source, build)
  const configure = [
    `--host=${hostTriple(source)}`,
    `--build=${run(join(source, 'config.guess'), []).trim()}`,
    `--with-build-python=${native.path}`,
    '--disable-test-modules',
    '--without-ensurepip',
  ]
  run(join(source, 'configure'), configure, { cwd: build, env })
  run('make', [`-j${availableParallelism()}`, 'python.wasm', 'pybuilddir.txt'], { cwd: build, env })
  linkReactor(build, toolchain)
  return build
}
