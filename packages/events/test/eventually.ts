import { vi } from 'vitest'

/** Waits until the check holds: longer than vitest does by itself, for systems that are busy or emulated. */
export const eventually = (check: () => void): Promise<void> => vi.waitFor(check, 10_000)
