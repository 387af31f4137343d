import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { needs, type Need } from './program.ts'
import { isWindows } from './system.ts'
import { tempDir } from './temp.ts'

/**
 * A program for Windows of a source in C, whose name ends in `.windows.c`: the one that `pnpm test:windows` has made
 * beside it, or one that is made now, by the gcc of MinGW. Missing without either, and on other systems.
 */
export const windowsProgram = (source: URL): Need => {
  const file = fileURLToPath(source)
  const made = file.replace(/\.c$/, '.exe')
  if (!isWindows) return { path: made, missing: true }
  if (existsSync(made)) return { path: made, missing: false }
  const gcc = needs('gcc')
  if (gcc.missing) return { path: made, missing: true }
  const path = join(tempDir(), 'program.exe')
  execFileSync(gcc.path, ['-O1', '-o', path, file], { stdio: 'inherit' })
  return { path, missing: false }
}
