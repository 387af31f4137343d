import { echo } from '../echo/stream.mjs'

const main = async () => {
  await echo({ authorize: 'sameUser' })
  console.log('done')
}
void main()
