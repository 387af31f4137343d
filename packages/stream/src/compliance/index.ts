/**
 * The promises of a transport, as numbered cases without a test runner:
 *
 * ```ts
 * for (const each of complianceCases) {
 *   if (applies(each, transport)) test(`${each.id} ${each.name}`, () => each.run({ transport, address }))
 * }
 * ```
 *
 * @packageDocumentation
 */
import { abortCases } from './abort.ts'
import { acceptCases } from './accept.ts'
import { backpressureCases } from './backpressure.ts'
import { bytesCases } from './bytes.ts'
import type { ComplianceCase } from './case.ts'
import { closeCases } from './close.ts'
import { connectCases } from './connect.ts'

/** All cases, by id. */
export const complianceCases: readonly ComplianceCase[] = [
  ...connectCases,
  ...bytesCases,
  ...backpressureCases,
  ...closeCases,
  ...abortCases,
  ...acceptCases,
]

export { applies } from './case.ts'
export type { ComplianceCase, Harness } from './case.ts'
