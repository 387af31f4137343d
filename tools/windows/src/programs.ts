/** Programs in C that the tests talk to on Windows: made here, as there is no compiler under Wine. */
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from '@uds/debian'

const COMPILER = 'x86_64-w64-mingw32-gcc'
const PACKAGE = 'gcc-mingw-w64-x86-64-win32'

const isSource = (file: string): boolean => file.endsWith('.windows.c')

/** `test/fixtures/peer.windows.c` becomes `test/fixtures/peer.windows.exe`. */
export const programOf = (source: string): string => source.replace(/\.c$/, '.exe')

const isNewer = async (file: string, than: string): Promise<boolean> => {
  const [made, source] = await Promise.all([lstat(file).catch(() => undefined), lstat(than)])
  return made !== undefined && made.mtimeMs >= source.mtimeMs
}

const isMissing = (error: unknown): boolean =>
  ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'

/**
 * Compiles the sources of the stage whose names end in `.windows.c`, unless that is done. Without the compiler their
 * tests are skipped, which is said; with UDS_REQUIRE=all it is an error.
 */
export const buildPrograms = async (
  stage: string,
  files: readonly string[],
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<void> => {
  for (const file of files.filter(isSource)) {
    const source = join(stage, file)
    const output = programOf(source)
    if (await isNewer(output, source)) continue
    try {
      await command(COMPILER, ['-O1', '-s', '-o', output, source], { env })
    } catch (error) {
      if (!isMissing(error)) throw error
      const line = `no ${COMPILER}, so that the tests with ${file} are skipped: apt-get install ${PACKAGE}`
      if (env['UDS_REQUIRE'] === 'all') throw new Error(line, { cause: error })
      say(line)
    }
  }
}
