import { echo } from '../echo/winsock-ffi.mjs'

echo()
console.log('done')
