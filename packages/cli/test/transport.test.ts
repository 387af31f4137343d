import { readFileSync } from 'node:fs'
import { listen, pipe, unix, withTls } from '@uds/stream'
import { expect, onTestFinished, test } from 'vitest'
import { connector } from '../src/connection/transport.ts'
import { freshAddress } from './command.ts'

const fixture = (name: string): Buffer => readFileSync(new URL(`./fixtures/${name}`, import.meta.url))
const below = pipe.capabilities.listen ? pipe : unix
const server = { cert: fixture('cert.pem'), key: fixture('key.pem') }

// Without one, the end of input closes all, once the peer has been silent for five seconds.
test.each([true, false])('over TLS there is the half close of the pipe below (%s)', async (halfClose) => {
  const listener = await listen(freshAddress(), {
    allowHalfOpen: true,
    halfClose,
    transport: withTls(below, { server }),
  })
  onTestFinished(() => listener.close({ graceMs: 0 }))
  const end = await connector(listener.address, { tls: true, insecure: true })()
  end.stream.destroy()
  // Sockets always have one.
  expect(end.halfClose).toBe(halfClose || below === unix)
})
