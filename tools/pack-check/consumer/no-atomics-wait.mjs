// Loaded first: the main thread may not wait, as in Electron.
Atomics.wait = () => {
  throw new TypeError('Atomics.wait cannot be called in this context')
}
