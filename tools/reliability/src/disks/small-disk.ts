/** A small disk in memory (tmpfs), which root can fill and make read-only. */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const run = (program: string, ...args: string[]): void => {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.trim()}`)
}

const BALLAST = 'ballast'
const BLOCK = 4096

export class SmallDisk {
  readonly path: string

  /** @param options - of tmpfs, as "size=400k" */
  constructor(parent: string, options: string) {
    this.path = mkdtempSync(join(parent, 'k'))
    run('mount', '-t', 'tmpfs', '-o', `${options},mode=700`, 'tmpfs', this.path)
  }

  /** Takes all blocks that are free. */
  fill(): void {
    const fd = openSync(join(this.path, BALLAST), 'w')
    try {
      for (;;) writeSync(fd, Buffer.alloc(BLOCK))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(fd)
    }
  }

  /** Takes all names that are free. */
  fillNames(): void {
    try {
      for (let at = 0; ; at += 1) writeFileSync(join(this.path, `${BALLAST}-${at}`), '')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }

  empty(): void {
    rmSync(join(this.path, BALLAST), { force: true })
  }

  emptyNames(): void {
    for (const name of readdirSync(this.path)) if (name.startsWith(BALLAST)) rmSync(join(this.path, name))
  }

  readOnly(): void {
    run('mount', '-o', 'remount,ro', this.path)
  }

  writable(): void {
    run('mount', '-o', 'remount,rw', this.path)
  }

  [Symbol.dispose](): void {
    run('umount', '-l', this.path)
    rmSync(this.path, { recursive: true, force: true })
  }
}
