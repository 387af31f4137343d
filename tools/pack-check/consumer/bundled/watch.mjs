// A thread that waits for a socket: the other file that a bundler does not see.
import { InetAddress, sockets, watch } from '@uds/winsock-ffi'

const listener = sockets.open('inet')
sockets.bind(listener, new InetAddress('127.0.0.1', 0))
sockets.listen(listener)
const client = sockets.open('inet')
const watcher = watch(
  listener,
  { readable: true },
  (error) => {
    watcher.close()
    for (const each of [client, listener]) each.close()
    if (error) throw error
    console.log('done')
  },
  { strategy: 'worker' },
)
sockets.connect(client, sockets.localAddress(listener))
