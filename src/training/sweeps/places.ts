/** Places in a spec, by JSON Pointers (RFC 6901). */

export type Json = Record<string, unknown>

/** The steps of a pointer, decoded. */
function pointerSteps(path: string): string[] {
  return path
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

const toPointerStep = (step: string) => step.replaceAll('~', '~0').replaceAll('/', '~1')

/** A pointer that does not fit a spec. */
export class PlaceError extends Error {
  override readonly name = 'PlaceError'
}

/**
 * Sets the value at a path. The containers on the way must exist; a field of the last one may be new.
 * @throws PlaceError
 */
export function setPlace(spec: Json, path: string, value: unknown): void {
  const steps = pointerSteps(path)
  const last = steps.pop()
  let container: unknown = spec
  let at = ''
  for (const step of steps) {
    container = child(container, step, at)
    at += `/${toPointerStep(step)}`
  }
  if (last === undefined) throw new PlaceError('names no place')
  if (Array.isArray(container)) container[arrayIndex(container, last, at)] = value
  else asObject(container, at)[ownName(last)] = value
}

function child(container: unknown, step: string, at: string): unknown {
  if (Array.isArray(container)) return container[arrayIndex(container, step, at)]
  const object = asObject(container, at)
  if (!Object.hasOwn(object, step)) {
    throw new PlaceError(`the spec has no ${at}/${toPointerStep(step)}; add it to the spec`)
  }
  return object[step]
}

function asObject(value: unknown, at: string): Json {
  if (isObject(value)) return value
  throw new PlaceError(`${at} of the spec is ${JSON.stringify(value)}, neither an object nor an array`)
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Assigning this name would change the prototype. */
function ownName(name: string): string {
  if (name === '__proto__') throw new PlaceError('a spec has no field __proto__')
  return name
}

function arrayIndex(array: readonly unknown[], step: string, at: string): number {
  const index = /^(0|[1-9]\d{0,8})$/.test(step) ? Number(step) : -1
  if (index >= 0 && index < array.length) return index
  throw new PlaceError(`${at} of the spec has ${array.length} items, and ${step} is not the index of one`)
}
