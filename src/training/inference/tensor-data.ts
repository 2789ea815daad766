/** Checks and flattens the data of tensors, in the process or in the thread that parses large bodies. */
import type { RequestInput } from '../../contract/inference.js'
import { Problem } from '../../contract/problems.js'
import { shown } from '../../datasets/shown-text.js'

/** As in a request of /predict. */
const maximumRows = 10_000

/** @throws Problem `invalid-request` */
export function checkRows(rows: number): void {
  if (rows >= 1 && rows <= maximumRows) return
  throw new Problem('invalid-request', `The request has ${rows} rows; send 1 to ${maximumRows}.`)
}

/** @throws Problem `invalid-request` */
export function checkCount({ name }: RequestInput, elements: number, expected: number): void {
  if (elements === expected) return
  throw refusal(name, `has ${elements} elements, but its shape has ${expected}`)
}

/** Appends the elements of nested lists to `flat`, in steps. */
export function* flatten(list: readonly unknown[], flat: unknown[]): Generator<void, unknown[]> {
  for (const item of list) {
    if (Array.isArray(item)) yield* flatten(item, flat)
    else flat.push(item)
  }
  yield
  return flat
}

export function refusal(name: string, what: string): Problem {
  return new Problem('invalid-request', `The input ${shown(name)} ${what}.`)
}
