// Node itself is a development dependency, so that a host with Node 20 runs the workspace on the pinned Node.
// The node-<system>-<cpu> packages give `os` and `cpu` as strings, which pnpm ignores: as arrays they are honoured
// and each machine installs its own. The Linux builds need glibc; a musl host keeps its own Node.
const readPackage = (pkg) => {
  if (/^node-(linux|win)-(x64|arm64)$/.test(pkg.name)) {
    const [, system] = pkg.name.split('-')
    pkg.os = [system === 'win' ? 'win32' : system]
    pkg.cpu = [pkg.name.endsWith('arm64') ? 'arm64' : 'x64']
    if (system === 'linux') pkg.libc = ['glibc']
  }
  return pkg
}

export const hooks = { readPackage }
