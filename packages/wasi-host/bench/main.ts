/** All benchmarks of this package, one after the other: "pnpm bench" at the root, "pnpm run bench" here. */
await import('./calls.ts')
await import('./files.ts')
await import('./echo.ts')
await import('./http.ts')
await import('./start.ts')
await import('./suspended.ts')
