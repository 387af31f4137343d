import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { aliases, projects } from './tools/testkit/src/projects.ts'
import { isWine } from './tools/testkit/src/system.ts'

const root = import.meta.dirname
const testkit = (file: string): string => join(root, 'tools/testkit/src', file)

// One run over every folder that has tests, so that no result comes from a cache.
export default defineConfig({
  resolve: { alias: aliases(root) },
  test: {
    pool: 'forks',
    // Each file has a process of its own: a leak or a crash is that file's. Under Wine a process takes longer to start
    // than most files take to run, so there files share some; on Windows itself they do not.
    isolate: !isWine,
    // Tests mostly wait, so that even the core of vitest itself has time for them; under Wine, for its server, too.
    maxWorkers: availableParallelism() + (isWine ? 2 : 1),
    // Under Wine a process gets a module faster from a file than from vitest.
    fsModuleCache: isWine,
    // What a file sets for itself counts for the files that share its process, too, or for none of them.
    testTimeout: isWine ? 90_000 : 15_000,
    hookTimeout: isWine ? 90_000 : 15_000,
    // Wine itself fails now and then (tools/windows/README.md), and a busy machine of CI makes a test wait too long for
    // another process. What passes at the second try only is named at the end.
    retry: isWine || process.env['CI'] ? 1 : 0,
    // Most of the time goes into programs that tests start, and most of their start into compiling what has not changed.
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node-compile') },
    setupFiles: [testkit('setup.ts')],
    reporters: ['default', testkit('reporter.ts')],
    // A project with settings of its own for Vite, such as a root, has this file read again: under Wine that took longer
    // than half a minute.
    projects: projects(root).map(({ name, root: dir }) => ({
      test: { name, dir, include: ['test/**/*.test.ts'] },
    })),
  },
})
