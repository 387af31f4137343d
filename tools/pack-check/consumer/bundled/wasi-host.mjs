import { echo } from '../echo/wasi-host.mjs'

const main = async () => {
  await echo()
  console.log('done')
}
void main()
