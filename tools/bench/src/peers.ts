/** The libraries that are measured beside this project: installed by the bench alone, never a dependency. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '@uds/debian'

/** By their names in npm. */
export const PEERS: Readonly<Record<string, string>> = {
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

/** Where they are, and which are there. */
export interface Peers {
  readonly folder: string
  readonly installed: ReadonlySet<string>
}

/** Installs those that are missing by npm, without their scripts, into the cache. One that cannot be had is left out, and said. */
export const installPeers = (): Peers => {
  const folder = join(cacheDir(process.env), 'bench-peers')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  const installed = new Set<string>()
  for (const [name, version] of Object.entries(PEERS)) {
    if (!existsSync(join(folder, 'node_modules', name, 'package.json'))) {
      const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent', '--no-save']
      const all = [...installed].map((each) => `${each}@${PEERS[each]}`)
      try {
        execFileSync('npm', ['install', ...flags, ...all, `${name}@${version}`], {
          cwd: folder,
          stdio: 'ignore',
          timeout: 120_000,
        })
      } catch {
        console.error(`${name} cannot be installed: it is left out`)
        continue
      }
    }
    installed.add(name)
  }
  return { folder, installed }
}
