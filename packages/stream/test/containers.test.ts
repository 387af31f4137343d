/** Sockets seen through the namespaces and mounts of a container: unshare(1), and what the guide says of them. */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { freshName, rejectionOf, spawnProgram, tempDir } from '@uds/testkit'
import { listen, type Listener } from '@uds/stream'
import { closing } from './support.ts'

const visit = fileURLToPath(new URL('fixtures/visit.ts', import.meta.url))
const asRoot = process.geteuid?.() === 0
const mounts = asRoot ? ['-m'] : ['-m', '-U', '-r']

/** Whether namespaces of these kinds can be made here: containers often forbid it. */
const can = (flags: readonly string[], script = 'true'): boolean =>
  process.platform === 'linux' && spawnSync('unshare', [...flags, 'sh', '-ec', script]).status === 0

/** A client that prints what it finds at each address. */
const client = (...addresses: string[]): string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  visit,
  ...addresses,
]

/** What a client finds at the addresses, in namespaces of its own; `prepare` is a script of the shell. */
const visitWithin = async (
  flags: readonly string[],
  prepare: string,
  ...addresses: string[]
): Promise<string[]> => {
  const script = ['sh', '-ec', `${prepare}\nexec "$@"`, 'sh']
  const visitor = spawnProgram('unshare', [...flags, ...script, ...client(...addresses)])
  const { code } = await visitor.exit
  if (code !== 0) throw new Error(visitor.stderr())
  return visitor.stdout().trim().split('\n')
}

/** A server that greets. */
const greeter = async (address: string, greeting: string): Promise<Listener> => {
  const server = closing(await listen(address))
  server.on('connection', (connection) => connection.end(greeting))
  return server
}

/** A directory with another one at which it is seen. */
const twoDirectories = (): { readonly outside: string; readonly inside: string } => {
  const directory = tempDir()
  const [outside, inside] = [join(directory, 'outside'), join(directory, 'inside')]
  for (const each of [outside, inside]) mkdirSync(each)
  return { outside, inside }
}

describe.skipIf(!can(mounts))('through a mount', () => {
  test('of its directory a server is reached, also read-only, and again when it has been started anew', async () => {
    const { outside, inside } = twoDirectories()
    const bind = `mount --bind ${outside} ${inside}; mount -o remount,bind,ro ${inside}`
    for (const greeting of ['first', 'second']) {
      const server = await greeter(`unix:${outside}/s`, greeting)
      // This user is root there, in any case.
      const seen = [`${greeting} from pid ${process.pid} of uid 0`]
      expect(await visitWithin(mounts, bind, `unix:${inside}/s`)).toEqual(seen)
      await server.close()
    }
  })

  test('of its file a server is reached until it is started anew', async () => {
    const { outside, inside } = twoDirectories()
    const first = await greeter(`unix:${outside}/s`, 'first')
    const script = `touch ${inside}/s; mount --bind ${outside}/s ${inside}/s; "$@"; read again; exec "$@"`
    const args = [...mounts, 'sh', '-ec', script, 'sh', ...client(`unix:${inside}/s`)]
    const container = spawnProgram('unshare', args)
    expect(await container.waitForLine(/^first /)).toBeTruthy()
    await first.close()
    await greeter(`unix:${outside}/s`, 'second')
    container.process.stdin!.end('\n')
    expect(await container.waitForLine(/^ECONNREFUSED$/)).toBeTruthy()
  })

  test('of an overlay the file is there, and the server is not', async () => {
    const { outside, inside } = twoDirectories()
    const overlay = `mount -t tmpfs none ${inside}; mkdir ${inside}/u ${inside}/w ${inside}/m
      mount -t overlay none -o lowerdir=${outside},upperdir=${inside}/u,workdir=${inside}/w ${inside}/m`
    if (!can(mounts, overlay)) return
    await greeter(`unix:${outside}/s`, 'hello')
    expect(await visitWithin(mounts, overlay, `unix:${inside}/m/s`)).toEqual(['ECONNREFUSED'])
  })
})

describe.skipIf(!asRoot || !can(['-m', '-p', '-f', '-n', '-i', '-u']))('from other namespaces', () => {
  test('of processes the peer has no pid; of the network a path is reached and an abstract name is not', async () => {
    const directory = tempDir()
    const name = freshName()
    await greeter(`unix:${directory}/s`, 'path')
    await greeter(`unix:@${name}`, 'name')
    const addresses = [`unix:${directory}/s`, `unix:@${name}`]
    const there = `path from pid ${process.pid} of uid 0`
    expect(await visitWithin(['-p', '-f'], '', addresses[0]!)).toEqual(['path from pid undefined of uid 0'])
    expect(await visitWithin(['-n'], '', ...addresses)).toEqual([there, 'ECONNREFUSED'])
    expect(await visitWithin(['-i', '-u'], '', ...addresses)).toEqual([
      there,
      `name from pid ${process.pid} of uid 0`,
    ])
  })

  test('of users the permissions are those outside, and a uid that is not mapped reads 65534', async () => {
    const directory = tempDir()
    chmodSync(directory, 0o755)
    const owned = join(directory, 'owned')
    mkdirSync(owned, { mode: 0o700 })
    chownSync(owned, 1000, 1000)
    await greeter(`unix:${directory}/s`, 'hello')
    chmodSync(join(directory, 's'), 0o666)
    await greeter(`unix:${owned}/s`, 'hello')
    // Root inside, and outside a user without a name.
    const drop = ['--reuid=1001', '--regid=1001', '--clear-groups', 'unshare', '-U', '--map-root-user']
    const visitor = spawnProgram('setpriv', [...drop, ...client(`unix:${directory}/s`, `unix:${owned}/s`)])
    await visitor.exit
    const seen = `hello from pid ${process.pid} of uid 65534`
    expect(visitor.stdout().trim().split('\n')).toEqual([seen, 'EACCES'])
  })
})

test.skipIf(process.platform !== 'linux')(
  'a file system without sockets, or one that is read-only, says so',
  async () => {
    // devpts has none.
    const error = await rejectionOf(listen(`unix:/dev/pts/${freshName()}`))
    expect(error.message).toMatch(asRoot ? /EPERM .*has no sockets/ : /EPERM|EACCES/)
  },
)
