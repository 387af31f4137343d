// An executable has 120 MB, so there is one for all samples: it runs the one that is named.
const samples = {
  stream: () => import('./bundled/stream.mjs'),
  pipes: () => import('./bundled/pipes.mjs'),
  guest: () => import('./bundled/guest.mjs'),
}
void samples[process.argv[2]]()
