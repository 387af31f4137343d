import { describe, expect, test } from 'vitest'
import { freshName, socketPath } from '@uds/testkit'
import { capabilities } from '@uds/winsock-ffi'
import { applies, complianceCases, type Harness } from '../src/compliance/index.ts'
import { memory, pipe, tcp, unix } from '../src/index.ts'

const harnesses: Readonly<Record<string, { readonly harness: Harness; readonly missing?: boolean }>> = {
  memory: { harness: { transport: memory, address: () => `memory:${freshName()}` } },
  tcp: {
    harness: { transport: tcp, address: () => 'tcp:127.0.0.1:0', deadAddress: () => 'tcp:127.0.0.1:1' },
  },
  unix: {
    harness: { transport: unix, address: () => `unix:${socketPath()}` },
    missing: !capabilities().afUnix,
  },
  'abstract unix': {
    harness: { transport: unix, address: () => `unix:@${freshName()}` },
    missing: !capabilities().abstractNames,
  },
  'half-closing pipe': {
    harness: {
      // What halfClose adds is a promise of its own.
      transport: { ...pipe, capabilities: { ...pipe.capabilities, halfClose: true } },
      address: () => `pipe:${freshName()}`,
      connectOptions: { halfClose: true },
      listenOptions: { halfClose: true },
    },
    missing: !pipe.capabilities.listen,
  },
  "pipe as Node's own": {
    harness: {
      // Node asks for the first instance of the name, which Wine does not honour; libuv reports nothing of the peer.
      transport: { ...pipe, capabilities: { ...pipe.capabilities, credentials: false, exclusive: false } },
      address: () => `pipe:${freshName()}`,
      connectOptions: { security: 'os-default' },
      listenOptions: { security: 'os-default' },
    },
    missing: !pipe.capabilities.listen,
  },
  pipe: {
    harness: { transport: pipe, address: () => `pipe:${freshName()}` },
    missing: !pipe.capabilities.listen,
  },
}

test('ids are used once', () => {
  expect(new Set(complianceCases.map(({ id }) => id)).size).toBe(complianceCases.length)
})

for (const [name, { harness, missing = false }] of Object.entries(harnesses)) {
  describe.skipIf(missing)(`the ${name} transport`, () => {
    for (const each of complianceCases) {
      if (!applies(each, harness.transport)) continue
      test(`${each.id} ${each.name}`, async () => {
        await expect(each.run(harness)).resolves.toBeUndefined()
      })
    }
  })
}
