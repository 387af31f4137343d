import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** The libraries that are measured beside this one: only here, in a folder of their own, never a dependency. */
const packages: Readonly<Record<string, string>> = {
  'node-ipc': '14.0.0',
  '@achrinza/node-ipc': '10.1.11',
  ws: '8.23.0',
  zeromq: '6.8.0',
  'socket.io': '4.8.4',
  'socket.io-client': '4.8.4',
  birpc: '4.2.0',
  'vscode-jsonrpc': '10.0.0',
  // Version 1.5.2, which is not on npm under this name.
  unixevents: 'git+https://github.com/rohsins/unixevents.git#3aa2d01be48a674533d262d53396991de540a17c',
}

/** The peers that are there. */
export interface Peers {
  readonly folder: string
  readonly failed: readonly string[]
  remove(): void
}

/** The peers that somebody has installed in a folder, for a machine that cannot reach all of them. */
export const peersIn = (folder: string): Peers => ({
  folder: resolve(folder),
  failed: Object.keys(packages).filter((name) => !existsSync(join(folder, 'node_modules', name))),
  remove: () => {},
})

/** Installs the peers by npm, without their scripts, in a folder that is removed afterwards. */
export const installPeers = (): Peers => {
  const folder = mkdtempSync(join(tmpdir(), 'uds-bench-peers-'))
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  const failed: string[] = []
  for (const [name, version] of Object.entries(packages)) {
    try {
      execFileSync(
        'npm',
        ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', `${name}@${version}`],
        {
          cwd: folder,
          stdio: 'ignore',
          timeout: 120_000,
        },
      )
    } catch {
      failed.push(name)
    }
  }
  return { folder, failed, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
