/** StandardSchema: the interface of schema libraries (https://standardschema.dev). */

// The interface that validation libraries share (Zod, Valibot, ArkType, ...): https://standardschema.dev
// It is meant to be copied as types, so that no library has to be depended on.

/** A schema of any library that follows Standard Schema 1. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema says about a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** The output type of a schema. */
export type SchemaOutput<S> = S extends StandardSchema<infer _Input, infer Output> ? Output : never
