import { echo } from '../echo/stream.mjs'

const main = async () => {
  await echo()
  console.log('done')
}
void main()
