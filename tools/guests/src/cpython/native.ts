import { existsSync } from 'node:fs'
import { program } from '@uds/testkit'
import { run } from '../run.ts'
import type { Missing } from '../toolchain.ts'

/** The Python of this machine: it takes part in the build, and the guest is of the same version. */
export interface NativePython {
  readonly path: string
  /** "3.11" */
  readonly minor: string
  /** "3.11.2" */
  readonly version: string
}

const SAY = 'import platform, sys; print(*sys.version_info[:2], platform.python_version())'

// 3.11 is the first with support for WASI in its sources (PEP 11), and 3.14 moved it to a script of its own.
const FIRST = 11
const LAST = 13

// The one whose sources the distribution has; another in PATH may be of another version.
const DISTRIBUTION = '/usr/bin/python3'

/** Finds it. */
export const findNativePython = (): NativePython | Missing => {
  const path = existsSync(DISTRIBUTION) ? DISTRIBUTION : program('python3')
  if (path === undefined) return { missing: 'python3', install: 'apt-get install python3' }
  const [major, minor, version = ''] = run(path, ['-c', SAY]).trim().split(' ')
  if (major !== '3' || Number(minor) < FIRST || Number(minor) > LAST) {
    const range = `3.${FIRST} to 3.${LAST}`
    return { missing: `Python ${range}`, install: `a Debian whose python3 is ${range}, not ${version}` }
  }
  return { path, minor: `3.${minor}`, version }
}
