// Runs first in every script of the workspace, on whatever Node there is: so plain JavaScript, and nothing imported.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    [
      `This workspace needs Node 22.18 or later, and this is ${process.version}.`,
      'On Linux (glibc) and Windows "pnpm install" brings a Node of its own: run the script through pnpm,',
      'as in "npx --yes pnpm@12 test". On macOS and musl install Node 24: https://nodejs.org/en/download',
    ].join('\n'),
  )
  process.exit(1)
}
