import { echo } from '../echo/pipes.mjs'

echo()
console.log('done')
