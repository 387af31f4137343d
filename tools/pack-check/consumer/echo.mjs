// An echo through each layer, with nothing but what was installed.
import assert from 'node:assert/strict'

const withoutKoffi = process.argv.includes('--without-koffi')
// Node 26.1 and later make the calls without koffi.
const hasNodeFfi = process.getBuiltinModule('node:ffi') !== undefined
const needKoffi = new Set(hasNodeFfi ? [] : ['winsock-ffi', 'pipes'])
/** What a layer is to be given on Windows, where koffi is missing. */
const arguments_ = {
  // Pipes that are not made by FFI have the system's access list: that has to be asked for.
  stream: { security: 'os-default' },
  events: 'tcp:127.0.0.1:0',
}

const layers = ['winsock-ffi', 'pipes', 'stream', 'events', 'wasi-host']
for (const layer of layers) {
  const { echo } = await import(`./echo/${layer}.mjs`)
  const given = withoutKoffi && !hasNodeFfi && process.platform === 'win32' ? [arguments_[layer]] : []
  const run = async () => await echo(...given)
  if (withoutKoffi && needKoffi.has(layer))
    await assert.rejects(run, /koffi/, `${layer} does not say what is missing`)
  else await run()
}
console.log(`${layers.length} layers echoed`)
// Nothing may hold the process.
setTimeout(() => {
  console.error('something keeps the process alive')
  process.exit(1)
}, 10_000).unref()
