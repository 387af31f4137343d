/**
 * The lines of the changelogs. All packages have one version, so it says nothing that a package depends on others of
 * that version; and a hash says nothing to users.
 */
export default {
  getReleaseLine: async ({ summary }) => {
    const [first, ...others] = summary.trim().split('\n')
    return `\n- ${first}\n${others.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}`.trimEnd()
  },
  getDependencyReleaseLine: async () => '',
}
