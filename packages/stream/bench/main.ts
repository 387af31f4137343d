/** All benchmarks of this package, one after the other: "pnpm bench" at the root, "pnpm run bench" here. */
await import('./carry.ts')
await import('./descriptors.ts')
await import('./open.ts')
await import('./idle.ts')
