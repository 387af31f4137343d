/** A directory with packages of another Debian release and all they need, made without root and without a chroot. */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { debianArchive } from './apt.ts'
import { command } from './command.ts'
import { downloadPackages } from './download.ts'
import { lock } from './lock.ts'

/** What a root holds. */
export interface RootPlan {
  /** The release by its name, as "trixie". */
  readonly release: string
  /** The packages; what they depend on comes along. */
  readonly packages: readonly string[]
  /** Makes the root fit to be used from `home`; it lies in `root` until then. */
  readonly finish?: (root: string, home: string) => Promise<void>
}

const bySize = async (files: readonly string[]): Promise<string[]> => {
  const sizes = await Promise.all(files.map(async (file) => ({ file, size: (await stat(file)).size })))
  return sizes.toSorted((a, b) => b.size - a.size).map(({ file }) => file)
}

const unpackAll = async (files: readonly string[], root: string): Promise<void> => {
  // The largest goes first, the others follow beside it.
  const queue = await bySize(files)
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      await command('dpkg-deb', ['--extract', file, root])
    }
  }
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker))
}

/**
 * Downloads and unpacks what `plan` names into `home`, unless it is there. `home` appears only when it is complete;
 * another process that makes it at the same time is waited for.
 *
 * @throws Error when this is no Debian, or apt knows no such package.
 */
export const makeRoot = async (
  plan: RootPlan,
  home: string,
  say: (line: string) => void,
): Promise<string> => {
  if (existsSync(home)) return home
  const archive = await debianArchive()
  if (archive === undefined) throw new Error('programs of another release are only had on Debian 12 or newer')
  const unlock = await lock(`${home}.lock`, say)
  try {
    if (existsSync(home)) return home
    say(`unpacking ${plan.packages.join(' ')} of ${plan.release} into ${home}`)
    const work = `${home}.new`
    const root = join(work, 'root')
    await rm(work, { recursive: true, force: true })
    await mkdir(root, { recursive: true })
    await unpackAll(await downloadPackages(archive, plan.release, plan.packages, work), root)
    await plan.finish?.(root, home)
    await rename(root, home)
    await rm(work, { recursive: true, force: true })
    return home
  } finally {
    await unlock()
  }
}
