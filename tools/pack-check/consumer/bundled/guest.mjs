// A guest in a thread of its own: a file that a bundler does not see.
import { echo } from '../echo/wasi-host.mjs'

const main = async () => {
  await echo({ wait: 'worker' })
  console.log('done')
}
void main()
