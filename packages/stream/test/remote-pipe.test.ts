/** The grammar names a pipe of another computer, and the transports refuse to open it. */
import { expect, test } from 'vitest'
import { connect, formatAddress, listen, parseAddress } from '@uds/stream'

const remote = String.raw`\\SERVER\pipe\x`

test('its address reads back, and connect and listen refuse it before any system call', async () => {
  expect(formatAddress(parseAddress(remote))).toBe(remote)
  const refused = { code: 'ENOTSUP', address: remote }
  await expect(connect(remote)).rejects.toMatchObject(refused)
  await expect(listen(remote)).rejects.toMatchObject(refused)
})
