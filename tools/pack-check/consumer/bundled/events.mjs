import { echo } from '../echo/events.mjs'

const main = async () => {
  await echo()
  console.log('done')
}
void main()
