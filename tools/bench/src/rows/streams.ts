/** The groups of the layers below: streams in Node's loop, blocking streams, datagrams, memory of idle connections. */
import type { Group } from '../row.ts'
import { c, ours, subject } from './programs.ts'

export const streamGroups = (): Group[] => [
  {
    name: 'stream-ping',
    title: 'Streams in the loop: 64-byte round trips, both processes on one core',
    unit: 'round trip',
    busy: 'both',
    cores: 'one',
    by: 'cpu',
    quick: true,
    rows: [
      subject('node:net', 'net.ts', 'ping-1', 60_000, { variant: 'naive' }),
      subject('node:net, onread', 'net.ts', 'ping-1', 60_000, { variant: 'onread' }),
      ours('@uds/stream', 'net.ts', 'ping-1', 60_000, { variant: 'stream', target: { least: 0.95 } }),
      ours('@uds/stream, onread', 'net.ts', 'ping-1', 60_000, {
        variant: 'stream-onread',
        target: { least: 0.95, of: 'node:net, onread' },
      }),
    ],
  },
  {
    name: 'stream-64k',
    title: 'Streams: blocks of 64 KiB one way',
    unit: 'block',
    busy: 'busier',
    cores: 'two',
    by: 'clock',
    quick: true,
    rows: [
      subject("node:net, 'data'", 'net.ts', 'one-way', 20_000, { size: 65_536, variant: 'naive' }),
      subject('node:net, onread', 'net.ts', 'one-way', 20_000, {
        size: 65_536,
        variant: 'onread',
        teller: 'client',
      }),
      ...c('C', 'peer.c', 'one-way', 20_000, { size: 65_536 }),
      ours('@uds/stream', 'net.ts', 'one-way', 20_000, {
        size: 65_536,
        variant: 'stream',
        target: { least: 0.95 },
      }),
      ours('@uds/stream, onread', 'net.ts', 'one-way', 20_000, {
        size: 65_536,
        variant: 'stream-onread',
        teller: 'client',
        target: { least: 0.95, of: 'node:net, onread' },
      }),
      ours('@uds/pipes, blocking', 'blocking.ts', 'one-way', 20_000, {
        size: 65_536,
        variant: 'pipes',
        target: { least: 0.8, of: 'C' },
      }),
    ],
  },
  {
    name: 'blocking-ping',
    title: 'Blocking streams: 64-byte round trips, both processes on one core',
    unit: 'round trip',
    busy: 'both',
    cores: 'one',
    by: 'clock',
    quick: true,
    rows: [
      ...c('C', 'peer.c', 'ping-1', 100_000),
      ours('@uds/pipes', 'blocking.ts', 'ping-1', 100_000, { variant: 'pipes', target: { least: 1 / 1.08 } }),
      ours('@uds/pipes, a timeout is set', 'blocking.ts', 'ping-1', 100_000, { variant: 'pipes-timeout' }),
      ours('@uds/winsock-ffi', 'blocking.ts', 'ping-1', 100_000, { variant: 'ffi' }),
      subject('node:net', 'net.ts', 'ping-1', 60_000, { variant: 'naive' }),
    ],
  },
  {
    name: 'datagrams',
    title: 'Datagrams of 64 bytes, sent and received in one process',
    unit: 'datagram',
    busy: 'server',
    cores: 'one',
    by: 'cpu',
    quick: true,
    rows: [
      subject('koffi alone', 'datagrams.ts', 'solo', 200_000, {
        variant: 'koffi',
        alone: 'solo',
        teller: 'server',
      }),
      ...c('C', 'datagrams.c', 'solo', 400_000, { alone: 'solo', teller: 'server' }),
      ours('@uds/pipes UnixDatagram', 'datagrams.ts', 'solo', 200_000, {
        variant: 'UnixDatagram',
        alone: 'solo',
        teller: 'server',
        target: { least: 0.87 },
      }),
      ours('trySend and tryRecv of @uds/winsock-ffi', 'datagrams.ts', 'solo', 200_000, {
        variant: 'try',
        alone: 'solo',
        teller: 'server',
      }),
      ours('@uds/pipes, 8 in one call', 'datagrams.ts', 'solo', 400_000, {
        variant: 'batch',
        alone: 'solo',
        teller: 'server',
        target: { least: 1.2, of: 'trySend and tryRecv of @uds/winsock-ffi' },
      }),
    ],
  },
  {
    name: 'memory',
    title: 'Memory of an idle connection at the server, KiB resident',
    unit: 'connection',
    busy: 'server',
    cores: 'any',
    by: 'clock',
    quick: true,
    rows: [
      subject('node:net', 'idle.ts', 'idle', 2048, { variant: 'net', teller: 'server' }),
      ours('@uds/stream', 'idle.ts', 'idle', 2048, {
        variant: 'stream',
        teller: 'server',
        target: { least: 0.7 },
      }),
      ours('@uds/events', 'idle.ts', 'idle', 2048, {
        variant: 'events',
        teller: 'server',
        target: { least: 1 / 3 },
      }),
    ],
  },
]
