/** The shortest whole program of this layer: one process, two ends. */
import { LocalStream } from '@uds/pipes'

const [a, b] = LocalStream.pair()
a.writeAll(Buffer.from('Hello World'))
a.close()

console.log(b.readToEnd().toString())
b.close()
