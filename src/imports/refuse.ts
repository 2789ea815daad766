/** The errors of imports. */
import { Problem } from '../contract/problems.js'
import { SpecError } from '../engine/index.js'

/** @param pointer of the field of the form that the message is about */
export function refuse(message: string, pointer?: string): Problem {
  return new Problem('invalid-model', message, pointer === undefined ? [] : [{ pointer, message }])
}

/** A field that does not fit the file. */
export const refuseField = (pointer: string, message: string): Problem =>
  refuse(`${pointer.slice(1)}: ${message}`, pointer)

/** Runs a check of the engine. @throws Problem `invalid-model` in place of a SpecError */
export function checked<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (error instanceof SpecError)
      throw refuse(`The network cannot be built: ${error.message}.`, error.pointer)
    throw error
  }
}

const longestName = 60

/** Quotes a name of the file, shortened and without line breaks. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > longestName ? `${name.slice(0, longestName)}…` : name)
}

const mostListed = 8

/** Lists at most eight texts. */
export function listed(texts: readonly string[]): string {
  const more = texts.length - mostListed
  return more > 0 ? `${texts.slice(0, mostListed).join(', ')} and ${more} more` : texts.join(', ')
}

/** Such as `[3, 28, 28]`. */
export const shapeText = (shape: readonly (number | string)[]) => `[${shape.join(', ')}]`
