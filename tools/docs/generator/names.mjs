/** A plugin for typedoc: a module is named as it is imported, `@uds/stream/net`, and not by the path of its file. */
import { Application, Converter, ParameterType, ReflectionKind } from 'typedoc'

/** @param {import('typedoc').Application} app */
export const load = (app) => {
  app.options.addDeclaration({
    name: 'doorNames',
    help: 'The name of the module of each entry point, by the path of its file.',
    type: ParameterType.Mixed,
    defaultValue: {},
  })
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    if (reflection.kind !== ReflectionKind.Module) return
    const names = app.options.getValue('doorNames')
    const file = context.getSymbolFromReflection(reflection)?.declarations?.[0]?.getSourceFile().fileName
    if (file in names) reflection.name = names[file]
  })
  // A file that is named in a text, PROTOCOL.md, is no host in Moldova.
  app.on(Application.EVENT_BOOTSTRAP_END, () => {
    app.options.setValue('markdownItLoader', (markdown) => {
      markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false })
    })
  })
}
