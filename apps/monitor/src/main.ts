/**
 * Shows the @uds/events servers that report. Prints the URL of the page.
 * Usage: node src/main.ts [--allow NAME,NAME|'*'] [--address ADDRESS] [--host HOST] [--port PORT] [--sample]
 */
import { parseArgs } from 'node:util'
import { monitor } from './monitor.ts'
import { sample, sampleNames } from './sample.ts'

const { values } = parseArgs({
  options: {
    allow: { type: 'string' },
    address: { type: 'string' },
    host: { type: 'string' },
    port: { type: 'string' },
    sample: { type: 'boolean' },
  },
})
const port = values.port === undefined ? undefined : Number(values.port)
if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
  console.error(`--port wants a number from 0 to 65535, not ${values.port}`)
  process.exit(1)
}
const allow = values.allow?.split(',') ?? (values.sample ? sampleNames : [])
const { url, address, close } = await monitor({ ...values, allow, port })
console.log(`servers report to ${address}`)
const endSample = values.sample ? await sample(address) : undefined
console.log(`open ${url}`)
const stop = async (): Promise<void> => {
  await endSample?.()
  await close()
  process.exit(0)
}
process.once('SIGINT', () => void stop())
process.once('SIGTERM', () => void stop())
