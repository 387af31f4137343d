/** Puts a built CPython, with the modules of the guest kit, where @uds/python-wasi is packed. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprint } from '@uds/debian'
import { contents } from '../cache.ts'
import { GUEST_KIT, HERE } from '../places.ts'
import type { PythonGuest } from './cpython.ts'

const TARGET = join(HERE, '../../packages/python-wasi/python')

const MODULES = ['wasisocket', 'wasisocket_socket', 'wasisocket_ssl', 'wasisocket_x509'].map((name) =>
  join(GUEST_KIT, `python/${name}.py`),
)

// site imports it at every start: https://docs.python.org/3/library/site.html
const SITECUSTOMIZE = `# The standard library's sockets are those of the host; what the host does not allow stays refused.
import wasisocket
wasisocket.install()
`

// A tarball of npm holds no empty folder, and Python warns when this one is missing.
const DYNLOAD = 'WASI has no modules that are loaded at run time.\n'

/** Copies it; a copy of the same inputs stays. Returns the folder. */
export const stagePython = ({ prefix, minor }: PythonGuest): string => {
  const key = fingerprint(prefix, SITECUSTOMIZE, DYNLOAD, ...contents(...MODULES))
  const mark = join(TARGET, '.made-of')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === key) return TARGET
  const unfinished = `${TARGET}.${process.pid}`
  try {
    cpSync(prefix, unfinished, { recursive: true })
    const packages = join(unfinished, `lib/python${minor}/site-packages`)
    mkdirSync(packages, { recursive: true })
    for (const file of MODULES) cpSync(file, join(packages, file.slice(join(GUEST_KIT, 'python/').length)))
    writeFileSync(join(packages, 'sitecustomize.py'), SITECUSTOMIZE)
    writeFileSync(join(unfinished, `lib/python${minor}/lib-dynload/README`), DYNLOAD)
    writeFileSync(join(unfinished, '.made-of'), key)
    rmSync(TARGET, { recursive: true, force: true })
    renameSync(unfinished, TARGET)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return TARGET
}
