/**
 * The C++ libraries of a program for musl, on a machine whose own C library is glibc. Debian has musl with its loader, and no
 * libstdc++ for it: the static one of GCC is linked into a shared one that runs on musl.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '@uds/debian'

const INSTALL = 'apt-get install gcc libstdc++-12-dev musl-tools'

/** A file of the GCC of this machine. */
const ofGcc = (name: string): string =>
  execFileSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim()

const whole = (file: string): string[] => ['-Wl,--whole-archive', file, '-Wl,--no-whole-archive']

const build = (directory: string): void => {
  const compile = (output: string, args: readonly string[]): void =>
    void execFileSync(
      'musl-gcc',
      ['-O2', '-fPIC', '-shared', '-o', join(directory, output), `-Wl,-soname,${output}`, ...args],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
  compile('libgcc_s.so.1', [
    join(import.meta.dirname, 'of-glibc.c'),
    ...whole(ofGcc('libgcc_eh.a')),
    ofGcc('libgcc.a'),
  ])
  compile('libstdc++.so.6', [...whole(ofGcc('libstdc++.a')), join(directory, 'libgcc_s.so.1')])
}

/**
 * The directory that LD_LIBRARY_PATH is to name; made at the first call.
 *
 * @throws Error that says what to install.
 */
export const muslLibraries = (): string => {
  const directory = join(cacheDir(process.env), 'nodes', 'musl-libraries')
  if (existsSync(directory)) return directory
  const mine = `${directory}.${process.pid}`
  mkdirSync(mine, { recursive: true })
  try {
    build(mine)
    if (!existsSync(directory)) renameSync(mine, directory)
  } catch (cause) {
    throw new Error(`the libraries for musl cannot be built: ${INSTALL}`, { cause })
  } finally {
    rmSync(mine, { recursive: true, force: true })
  }
  return directory
}
