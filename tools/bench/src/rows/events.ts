/** The groups of @uds/events: messages, requests, payloads, unixevents, broadcast, connections, growth. */
import type { Peers } from '../peers.ts'
import type { Group, Row } from '../row.ts'
import { c, ours, subject, workload } from './programs.ts'

const LIBRARIES = [
  'node-ipc',
  '@achrinza/node-ipc',
  'ws',
  'zeromq',
  'socket.io',
  'birpc',
  'vscode-jsonrpc',
] as const

const others = (peers: Peers | undefined, work: string, count: number): Row[] => [
  ...['json', 'advanced'].map((variant) =>
    subject(`child_process ${variant}`, 'child-process.ts', work, count, {
      variant,
      alone: 'forks',
      teller: 'server',
    }),
  ),
  ...LIBRARIES.filter((name) => peers?.installed.has(name)).map((variant) =>
    subject(variant, 'peers.mjs', work, count, { variant }),
  ),
]

const unixevents = (peers: Peers | undefined): Group[] => {
  const original = 'unixevents 1.5.2'
  const theirs = peers?.installed.has('unixevents')
    ? (work: string, count: number): Row[] => [
        subject(original, 'linker.ts', work, count, { variant: 'unixevents' }),
      ]
    : (): Row[] => []
  const mine = 'unixevents mode'
  return [
    {
      name: 'unixevents',
      title: 'unixevents mode, one way, 64 bytes',
      unit: 'message',
      busy: 'busier',
      cores: 'two',
      by: 'cpu',
      quick: true,
      rows: [
        ours('frames of unixevents', 'linker-upgrade.ts', 'one-way', 500_000, { variant: 'text' }),
        ours('upgraded', 'linker-upgrade.ts', 'one-way', 500_000, {
          variant: 'native',
          target: { least: 1 },
        }),
      ],
    },
    {
      name: 'unixevents-original',
      title: 'Beside unixevents, one way, bursts of 200',
      unit: 'message',
      busy: 'busier',
      cores: 'two',
      by: 'cpu',
      quick: false,
      rows: [
        ...theirs('one-way', 200_000),
        ours(mine, 'linker.ts', 'one-way', 400_000, { variant: 'uds', target: { least: 2.5, of: original } }),
      ],
    },
    {
      name: 'unixevents-ping',
      title: 'Beside unixevents, round trips on one core',
      unit: 'round trip',
      busy: 'both',
      cores: 'one',
      by: 'cpu',
      quick: false,
      rows: [
        ...theirs('ping-1', 30_000),
        ours(mine, 'linker.ts', 'ping-1', 30_000, { variant: 'uds', target: { least: 1, of: original } }),
      ],
    },
  ]
}

const payload = (name: string, size: number, count: number, quick: boolean, least?: number): Group => ({
  name,
  title: `${size / 1024} KiB one way`,
  unit: 'message',
  busy: 'busier',
  cores: 'two',
  by: 'cpu',
  quick,
  rows: [
    subject("node:net, 'data'", 'net.ts', 'one-way', count, { size, variant: 'naive' }),
    subject('node:net, onread', 'net.ts', 'one-way', count, { size, variant: 'onread', teller: 'client' }),
    ours('@uds/events bytes (raw)', 'uds.ts', 'one-way', count, {
      size,
      variant: 'raw',
      ...(least !== undefined && { target: { least, of: 'node:net, onread' } }),
    }),
    ours('@uds/events text (json)', 'uds.ts', 'one-way', count, { size, variant: 'json' }),
  ],
})

const broadcast = (clients: number, quick: boolean): Group => ({
  name: 'broadcast',
  title: `One broadcast a turn to ${clients.toLocaleString('en')} clients, processor time of the server`,
  unit: 'delivery',
  busy: 'server',
  cores: 'two',
  by: 'cpu',
  quick,
  rows: [
    workload('node:net, a write for each', 'net', `broadcast:${clients}`, 200_000, 'client'),
    workload('@uds/events broadcast', 'uds', `broadcast:${clients}`, 200_000, 'client', { least: 0.8 }),
  ],
})

export const eventsGroups = (peers: Peers | undefined): Group[] => [
  {
    name: 'emit',
    title: 'Messages of 64 bytes, one way',
    unit: 'message',
    busy: 'busier',
    cores: 'two',
    by: 'cpu',
    quick: true,
    rows: [
      subject('node:net, a write for each', 'net.ts', 'one-way', 400_000, { variant: 'naive' }),
      subject('node:net, 256 under one cork', 'net.ts', 'one-way', 3_000_000, { variant: 'corked' }),
      subject('node:net, read by onread', 'net.ts', 'one-way', 400_000, {
        variant: 'onread',
        teller: 'client',
      }),
      ...c('C, a write for each', 'peer.c', 'one-way', 1_000_000),
      ours('@uds/events json emit', 'uds.ts', 'one-way', 3_000_000, {
        variant: 'json',
        target: { least: 9 },
      }),
      ours('@uds/events raw emit', 'uds.ts', 'one-way', 4_000_000, { variant: 'raw', target: { least: 10 } }),
      ours('@uds/events msgpack emit', 'uds.ts', 'one-way', 1_000_000, { variant: 'msgpack' }),
      ours('@uds/events json send, 1,024 at once', 'uds.ts', 'send', 600_000, {
        variant: 'json',
        target: { least: 2 },
      }),
      ...(peers === undefined ? [] : others(peers, 'one-way', 100_000)),
    ],
  },
  {
    name: 'request',
    title: 'Requests of 64 bytes, both processes on one core',
    unit: 'round trip',
    busy: 'both',
    cores: 'one',
    by: 'cpu',
    quick: true,
    rows: [
      subject('node:net', 'net.ts', 'ping-1', 60_000, { variant: 'naive' }),
      ...c('C', 'peer.c', 'ping-1', 100_000),
      ours('@uds/events request', 'uds.ts', 'ping-1', 60_000, { variant: 'json', target: { least: 0.95 } }),
      ours('@uds/events request, 64 at once', 'uds.ts', 'ping-64', 200_000, {
        variant: 'json',
        target: { least: 5 },
      }),
      ...(peers === undefined ? [] : others(peers, 'ping-1', 20_000)),
    ],
  },
  payload('payload-1k', 1024, 200_000, false),
  payload('payload-64k', 65_536, 8192, true, 0.155),
  payload('payload-1m', 2 ** 20, 1024, false),
  ...unixevents(peers),
  broadcast(1, false),
  broadcast(10, false),
  broadcast(100, false),
  broadcast(1000, true),
  {
    name: 'connect',
    title: 'Connect and close, one after the other',
    unit: 'connection',
    busy: 'both',
    cores: 'two',
    by: 'cpu',
    quick: true,
    rows: [
      workload('node:net', 'net', 'connect', 2048, 'client'),
      workload('@uds/events', 'uds', 'connect', 2048, 'client', { least: 0.67 }),
    ],
  },
  {
    name: 'under-way',
    title: 'Acknowledged messages, by how many are under way',
    unit: 'message',
    busy: 'busier',
    cores: 'two',
    by: 'cpu',
    quick: false,
    rows: [1024, 1, 16, 256, 4096, 16_384].map((size) =>
      workload(
        `${size.toLocaleString('en')} under way`,
        'uds',
        `send:${size}`,
        size === 1 ? 30_000 : 262_144,
        'client',
        size === 16_384 ? { least: 0.77 } : undefined,
      ),
    ),
  },
]
