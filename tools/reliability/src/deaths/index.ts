/** Processes that die. */
import type { Trials } from '../trials/trial.ts'
import { race } from './race.ts'
import { killingTrial } from './sending.ts'
import { takeOverTrial } from './take-over.ts'

export const deaths: Trials = {
  'a relay, without journals': killingTrial({
    victims: ['relay'],
    journals: [],
    clients: 2,
    deaths: 6,
    promises: { once: 'exactly', keptIsHandled: false, allAcknowledged: true, order: 'always' },
  }),
  'a server, without journals': killingTrial({
    victims: ['server', 'relay'],
    journals: [],
    clients: 2,
    deaths: 6,
    promises: { once: 'marked', keptIsHandled: false, allAcknowledged: true, order: 'in a life' },
  }),
  'clients, without journals': killingTrial({
    victims: ['client', 'relay'],
    journals: [],
    clients: 3,
    deaths: 4,
    promises: { once: 'exactly', keptIsHandled: false, allAcknowledged: false, order: 'in a life' },
  }),
  'clients, server and relay, with journals': killingTrial({
    victims: ['client', 'server', 'relay'],
    journals: ['client', 'server'],
    clients: 3,
    deaths: 6,
    promises: { once: 'exactly', keptIsHandled: true, allAcknowledged: false, order: 'always' },
  }),
  'clients and server, with journals of the clients': killingTrial({
    victims: ['client', 'server'],
    journals: ['client'],
    clients: 2,
    deaths: 6,
    promises: { once: 'marked', keptIsHandled: true, allAcknowledged: false, order: 'in a life' },
  }),
  'ten servers race for one address': { run: race },
  'take-over by stream while clients connect': takeOverTrial('stream'),
  'take-over by pipes while clients connect': takeOverTrial('pipes'),
  'take-over by events while clients connect': takeOverTrial('events'),
}
