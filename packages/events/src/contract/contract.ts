/** contract: schemas for events and requests, and the checks made of them. */
import { invalidArgument } from '@uds/winsock-ffi'
import { failure } from '../errors/errors.ts'
import { checkEventName, checkName } from '../names.ts'
import type { MapSection } from '../map.ts'
import type { SchemaIssue, SchemaOutput, SchemaResult, StandardSchema } from './standard-schema.ts'

type Schemas = Readonly<Record<string, StandardSchema>>

/** The schemas of one request. Without `input` it takes none; without `output` its reply is not checked. */
export interface RequestSchemas {
  /** Of the input, or of one item when `streamInput` is true. */
  readonly input?: StandardSchema
  /** The input is a stream of items. */
  readonly streamInput?: boolean
  /** Of the reply, or of one item when `stream` is true. */
  readonly output?: StandardSchema
  /** The reply is a stream of items. */
  readonly stream?: boolean
}

/** The schemas of a map, by its sections. */
export interface ContractSchemas {
  readonly events?: Schemas
  readonly toServer?: Schemas
  readonly toClient?: Schemas
  readonly requests?: Readonly<Record<string, RequestSchemas>>
  readonly clientRequests?: Readonly<Record<string, RequestSchemas>>
  /** Of the messages of work queues. */
  readonly work?: Schemas
}

type OutputOf<R> = R extends { readonly output: infer S } ? SchemaOutput<S> : unknown
type RepliesOf<R> = R extends { readonly stream: true } ? AsyncIterable<OutputOf<R>> : OutputOf<R>
type FunctionOf<R> = R extends { readonly input: infer S }
  ? (
      input: R extends { readonly streamInput: true } ? AsyncIterable<SchemaOutput<S>> : SchemaOutput<S>,
    ) => RepliesOf<R>
  : () => RepliesOf<R>

/** The map that a set of schemas describes. */
export type MapOf<S> = {
  [K in keyof S & MapSection]: K extends 'requests' | 'clientRequests'
    ? { [N in keyof S[K]]: FunctionOf<S[K][N]> }
    : { [N in keyof S[K]]: SchemaOutput<S[K][N]> }
}

/** Schemas that both ends share: they check what arrives, and the type map comes from them. Made by {@link contract}. */
export interface Contract<M extends object = object> {
  readonly schemas: ContractSchemas
  /** Never there; carries the type. */
  readonly map?: M
}

/** The type map of a contract: `type Chat = InferMap<typeof chat>`. */
export type InferMap<C> = C extends Contract<infer M> ? M : never

const sections = ['events', 'toServer', 'toClient', 'requests', 'clientRequests', 'work'] as const

const isSchema = (value: unknown): boolean =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  typeof (value as Partial<StandardSchema>)['~standard']?.validate === 'function'

const checkSchema = (what: string, value: unknown): void => {
  if (!isSchema(value)) throw invalidArgument('contract', what, 'a Standard Schema', value)
}

/**
 * Makes a contract of schemas of any library that follows Standard Schema. Data is checked where it arrives, so that
 * neither end has to trust the other; names that are not in the contract are refused.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE` for something that is no schema, or a bad name
 */
export const contract = <const S extends ContractSchemas>(schemas: S): Contract<MapOf<S>> => {
  for (const section of sections) {
    for (const [name, entry] of Object.entries(schemas[section] ?? {})) {
      if (section === 'requests' || section === 'clientRequests') {
        checkName('contract', name)
        const { input, output } = entry as RequestSchemas
        if (input !== undefined) checkSchema(`${name}.input`, input)
        if (output !== undefined) checkSchema(`${name}.output`, output)
      } else {
        checkEventName('contract', name)
        checkSchema(name, entry)
      }
    }
  }
  return { schemas }
}

/** Checks a value; returns what the schema makes of it, or a promise of that when the schema is asynchronous. */
export type Check = (value: unknown) => unknown

const pathOf = (issue: SchemaIssue): string =>
  (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')

const describe = (issues: readonly SchemaIssue[]): string =>
  issues
    .slice(0, 5)
    .map((issue) => (pathOf(issue) === '' ? issue.message : `${pathOf(issue)}: ${issue.message}`))
    .join('; ')

const requireValid = (what: string, result: SchemaResult<unknown>): unknown => {
  if (result.issues === undefined) return result.value
  throw failure('validate', 'ERR_VALIDATION', `${what}: ${describe(result.issues)}`)
}

const checkBy =
  (what: string, schema: StandardSchema): Check =>
  (value) => {
    const result = schema['~standard'].validate(value)
    return result instanceof Promise
      ? result.then((late) => requireValid(what, late))
      : requireValid(what, result)
  }

/** The checks of one end: what arrives there. `undefined` for a name means that the contract does not have it. */
export interface Checks {
  event(name: string): Check | undefined
  request(name: string): Check | undefined
  reply(name: string): Check | undefined
  /** Of a message of a work queue. */
  work(name: string): Check | undefined
}

const accept: Check = (value) => value

const table = (entries: readonly (readonly [string, Check])[]): ((name: string) => Check | undefined) => {
  const map = new Map(entries)
  return (name) => map.get(name)
}

const isItems = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

/** Checks each item of an input when the handler reads it: what is wrong throws there. */
async function* checkedItems(items: AsyncIterable<unknown>, check: Check): AsyncGenerator {
  for await (const item of items) yield await check(item)
}

const checkInput = (name: string, { input, streamInput = false }: RequestSchemas): Check => {
  const check = input === undefined ? accept : checkBy(`the input of ${name}`, input)
  return (value) => {
    if (isItems(value) !== streamInput) {
      const [wanted, got] = streamInput ? ['a stream', 'one value'] : ['one value', 'a stream']
      throw failure('validate', 'ERR_VALIDATION', `the input of ${name} is to be ${wanted}, not ${got}`)
    }
    return isItems(value) ? checkedItems(value, check) : check(value)
  }
}

const requestTable = (
  schemas: Readonly<Record<string, RequestSchemas>> | undefined,
  part: 'input' | 'output',
): ((name: string) => Check | undefined) =>
  table(
    Object.entries(schemas ?? {}).map(([name, entry]) => {
      if (part === 'input') return [name, checkInput(name, entry)] as const
      const schema = entry[part]
      return [name, schema === undefined ? accept : checkBy(`the ${part} of ${name}`, schema)] as const
    }),
  )

/** The checks that the server or a client makes with a contract. */
export const checksOf = (
  where: string,
  end: 'server' | 'client',
  from: Contract | undefined,
): Checks | undefined => {
  if (from === undefined) return undefined
  const { schemas } = from
  if (typeof schemas !== 'object')
    throw invalidArgument(where, 'contract', 'what contract(...) returns', from)
  const own = end === 'server' ? schemas.toServer : schemas.toClient
  const events = Object.entries({ ...schemas.events, ...own })
  const handled = end === 'server' ? schemas.requests : schemas.clientRequests
  const asked = end === 'server' ? schemas.clientRequests : schemas.requests
  const work = Object.entries(schemas.work ?? {})
  return {
    work: table(work.map(([name, schema]) => [name, checkBy(name, schema)] as const)),
    event: table(events.map(([name, schema]) => [name, checkBy(name, schema)] as const)),
    request: requestTable(handled, 'input'),
    reply: requestTable(asked, 'output'),
  }
}
