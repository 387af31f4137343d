/** What Docker's own client connects to by default. */
const usual = (platform: NodeJS.Platform): string =>
  platform === 'win32' ? 'pipe:docker_engine' : 'unix:/var/run/docker.sock'

/**
 * The address that DOCKER_HOST means: `unix:///var/run/docker.sock`, `npipe:////./pipe/docker_engine`,
 * `tcp://127.0.0.1:2375` (https://docs.docker.com/reference/cli/docker/#host-flag).
 */
export const dockerAddress = (host: string | undefined, platform: NodeJS.Platform): string => {
  if (!host) return usual(platform)
  return host.replace(/^(tcp|http):\/\//, 'tcp:').replace(/(?<=^tcp:[^/]*)\/.*$/, '')
}
