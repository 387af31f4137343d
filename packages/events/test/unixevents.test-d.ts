// The types of unixevents 1.5.2 were wrong (bug 17): `new Linker()` and `send(a, b)` did not compile.
import { expectTypeOf } from 'vitest'
import Default, { Linker, UnixEvents, Role, createServer } from '../src/unixevents/index.ts'
import type { EventListener, SendCallback } from '../src/unixevents/index.ts'
import { LineClient, LineServer, UnixSocket } from '../src/index.ts'

expectTypeOf(Default).toEqualTypeOf<typeof Linker>()
expectTypeOf(UnixEvents).toEqualTypeOf<typeof Linker>()
expectTypeOf(Linker.UnixEvents).toEqualTypeOf<typeof Linker>()

expectTypeOf(new Linker()).toEqualTypeOf<Linker>()
expectTypeOf(new Linker({ payloads: 'string' })).toEqualTypeOf<Linker>()
expectTypeOf(new Linker('server', 'channel')).toEqualTypeOf<Linker>()
expectTypeOf(new Linker(Role.CLIENT, 'channel', true, { timeoutMs: 1 })).toEqualTypeOf<Linker>()
expectTypeOf(createServer('channel', { directory: '/run' })).toEqualTypeOf<Linker>()

export const refused: readonly (() => unknown)[] = [
  // @ts-expect-error: no such role
  () => new Linker('master', 'channel'),
  // @ts-expect-error: a role without a channel
  () => new Linker('server'),
  // @ts-expect-error: no such mode
  () => new Linker({ payloads: 'text' }),
  // @ts-expect-error: the handler takes text
  () => new LineServer({ handler: (line: number) => line }),
]

declare const linker: Linker
expectTypeOf(linker.init('server', 'channel')).toEqualTypeOf<Promise<boolean>>()
expectTypeOf(linker.send('e', 'data')).toEqualTypeOf<boolean>()
expectTypeOf(linker.send('e')).toEqualTypeOf<boolean>()
linker.send('e', { a: 1 }, (error, success) => {
  expectTypeOf(error).toEqualTypeOf<Error | null>()
  expectTypeOf(success).toEqualTypeOf<boolean>()
})
expectTypeOf(linker.sendSync('e', 1)).toEqualTypeOf<Promise<boolean>>()
expectTypeOf(linker.close()).toEqualTypeOf<Promise<void>>()
expectTypeOf(linker.role).toEqualTypeOf<'server' | 'client' | undefined>()
expectTypeOf(linker.lastError).toEqualTypeOf<Error | undefined>()
linker.receive('e', (data) => expectTypeOf(data).toBeUnknown())
linker.receive('e', (data: string) => data.length)
expectTypeOf<EventListener<number>>().parameter(0).toEqualTypeOf<number>()
expectTypeOf<SendCallback>().returns.toEqualTypeOf<void>()
// @ts-expect-error: an event has a name
linker.send(7, 'data')

expectTypeOf(UnixSocket).toEqualTypeOf<typeof LineServer>()
expectTypeOf(new LineServer().run()).toEqualTypeOf<Promise<void>>()
expectTypeOf(LineClient.connect()).toEqualTypeOf<Promise<LineClient>>()
expectTypeOf(new LineClient('/tmp/x').receive()).toEqualTypeOf<Promise<string | null>>()
