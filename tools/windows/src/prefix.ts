import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { command } from '@uds/debian'
import type { Wine } from './wine.ts'

const BOOT_TIMEOUT_MS = 180_000

/** The environment in which Wine uses `prefix` and shows nothing: no debug output, no windows, no downloads. */
export const wineEnvironment = (prefix: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  // Windows has its own notion of the temporary directory, inside the prefix.
  const { DISPLAY: _x, WAYLAND_DISPLAY: _wayland, TMPDIR: _tmpdir, TMP: _tmp, TEMP: _temp, ...rest } = env
  return {
    ...rest,
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    // mscoree and mshtml would ask to install Mono and Gecko.
    WINEDLLOVERRIDES: 'mscoree,mshtml=;winemenubuilder.exe=',
  }
}

/** Ends every Windows process of a prefix. Without a wineserver to ask, they end by themselves. */
export const endWine = async (wine: Wine, prefix: string): Promise<void> => {
  if (wine.server === undefined) return
  const env = wineEnvironment(prefix, process.env)
  // It fails when nothing runs, which is what is wanted.
  await command(wine.server, ['-k'], { env, silent: true }).catch(() => {})
  await command(wine.server, ['-w'], { env, silent: true, timeoutMs: 10_000 }).catch(() => {})
}

/**
 * Makes a prefix (Wine's idea of a Windows installation) unless it is there. It appears only when complete.
 * Nothing runs in it afterwards, even when an earlier run was killed and left its processes behind.
 */
export const makePrefix = async (wine: Wine, prefix: string): Promise<void> => {
  if (existsSync(prefix)) return endWine(wine, prefix)
  const fresh = `${prefix}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(dirname(prefix), { recursive: true })
  const env = wineEnvironment(fresh, process.env)
  await command(wine.command, ['wineboot', '--init'], { env, silent: true, timeoutMs: BOOT_TIMEOUT_MS })
  // The registry is written when the server ends.
  await endWine(wine, fresh)
  await rename(fresh, prefix)
}

/** Kills the Windows processes of a prefix whose server is gone, as nobody else does: they wait for it for ever. */
export const killOrphans = async (prefix: string): Promise<void> => {
  // Where there is no /proc they stay.
  for (const pid of await readdir('/proc').catch(() => [])) {
    const environment = await readFile(join('/proc', pid, 'environ'), 'utf8').catch(() => '')
    if (!environment.split('\0').includes(`WINEPREFIX=${prefix}`)) continue
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch (error) {
      // It has ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/**
 * Starts the server of a prefix, which then stays until {@link endWine}, and returns a promise that resolves when it is gone.
 * Without a wineserver to ask, that is never.
 */
export const startServer = async (
  wine: Wine,
  prefix: string,
): Promise<{ readonly gone: Promise<unknown> }> => {
  if (wine.server === undefined) return { gone: Promise.withResolvers().promise }
  const env = wineEnvironment(prefix, process.env)
  // It says no to a second one: that of an earlier pass is still there, and serves this one as well.
  await command(wine.server, ['--persistent'], { env, silent: true }).catch(() => {})
  return { gone: command(wine.server, ['--wait'], { env, silent: true }) }
}
