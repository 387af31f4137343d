import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from '@uds/debian'
import type { RootPlan } from '@uds/debian'

/** Debian 13, whose Wine 10 runs vitest; Wine 8, of Debian 12, does not. */
const RELEASE = 'trixie'
const PACKAGES = ['wine64', 'patchelf']

const LIB = 'usr/lib/x86_64-linux-gnu'

// The programs are run from outside: their loader and the libraries of the same release are named by full path.
// DT_RPATH, unlike LD_LIBRARY_PATH, is not inherited by other programs.
const relocate = async (root: string, home: string, programs: readonly string[]): Promise<void> => {
  const loader = join(LIB, 'ld-linux-x86-64.so.2')
  const patch = ['--set-interpreter', join(home, loader), '--force-rpath', '--set-rpath', join(home, LIB)]
  for (const program of programs) {
    const patchelf = ['--library-path', join(root, LIB), join(root, 'usr/bin/patchelf')]
    await command(join(root, loader), [...patchelf, ...patch, join(root, program)])
  }
}

// wineserver finds nls/ by an absolute path that Debian compiled in, unless it lies in a directory "server"
// beside nls/, as in Wine's build tree (server/unicode.c, get_nls_dir).
const placeServer = async (root: string): Promise<void> => {
  await mkdir(join(root, 'server'))
  await rename(join(root, 'usr/lib/wine/wineserver64'), join(root, 'server/wineserver'))
  await rm(join(root, 'usr/lib/wine/wineserver'))
  await symlink('../../../server/wineserver', join(root, 'usr/lib/wine/wineserver'))
  await symlink('usr/share/wine/nls', join(root, 'nls'))
}

// What libwine's postinst does: zlib1.dll comes from libz-mingw-w64 and is marked as one of Wine's own.
const markZlib = async (root: string): Promise<void> => {
  const dll = await readFile(join(root, 'usr/x86_64-w64-mingw32/lib/zlib1.dll'))
  dll.fill(0, 64, 96)
  dll.write('Wine builtin DLL', 64, 'latin1')
  await writeFile(join(root, LIB, 'wine/x86_64-windows/zlib1.dll'), dll)
}

/** The wine program of a private root. */
export const privateWine = (home: string): string | undefined => {
  const wine = join(home, 'usr/lib/wine/wine64')
  return existsSync(wine) ? wine : undefined
}

/** Wine and all it needs from Debian 13's packages, to be run from where it lies. */
export const winePlan: RootPlan = {
  release: RELEASE,
  packages: PACKAGES,
  finish: async (root, home) => {
    // Without the 32-bit half, which Node does not need, Wine's prefix is made in half the time.
    await rm(join(root, LIB, 'wine/i386-windows'), { recursive: true, force: true })
    await markZlib(root)
    await placeServer(root)
    await relocate(root, home, ['usr/lib/wine/wine64', 'server/wineserver'])
  },
}
