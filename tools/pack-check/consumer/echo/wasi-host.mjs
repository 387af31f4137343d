import assert from 'node:assert/strict'
import { WasiHost } from '@uds/wasi-host'

// (module (memory (export "memory") 1) (func (export "_start")))
const GUEST =
  '0061736d01000000010401600000030201000503010001' +
  '071302066d656d6f72790200065f73746172740000' +
  '0a040102000b'

/** @param options - Those of the host. */
export const echo = async (options = {}) => {
  assert.equal(await new WasiHost(options).run(Buffer.from(GUEST, 'hex')), 0)
}
