/** Finds features that tell the target, and so may not be known when a prediction is wanted. */
import type { DatasetWarning } from '../contract/dataset.js'
import { shownNames } from './shown-text.js'

/** Different values of a feature beyond which it is not watched any more. */
const watchedValues = 10_000
/** A few rows may agree by chance. */
const fewRows = 20
/** Each value of a feature must come so often, in the mean, before it says anything: a category, a number. */
const leastRepeats = { category: 2, number: 10 }
/** A number may also code the classes: values at most for each of them. */
const codesOfClass = 2
/** A copy in another unit. */
const sameLine = 0.999_99
const mostNamed = 10

interface Watched {
  name: string
  /** The target of each value so far; null after a contradiction, or too many values. */
  targetOf: Map<number, number> | null
  /** Sums of a number feature against a number target; null where either is no number. */
  line: Line | null
  /** A category or a boolean. */
  isText: boolean
  /** Its values are the target's, as texts. */
  equals: boolean
}

/** Running means and central sums of two columns (Welford 1962). */
class Line {
  #rows = 0
  #meanX = 0
  #meanY = 0
  #xx = 0
  #yy = 0
  #xy = 0

  add(x: number, y: number): void {
    this.#rows += 1
    const [dx, dy] = [x - this.#meanX, y - this.#meanY]
    this.#meanX += dx / this.#rows
    this.#meanY += dy / this.#rows
    this.#xx += dx * (x - this.#meanX)
    this.#yy += dy * (y - this.#meanY)
    this.#xy += dx * (y - this.#meanY)
  }

  /** The square of Pearson's correlation. */
  get determination(): number {
    return (this.#xy / this.#xx) * (this.#xy / this.#yy)
  }
}

export interface LeakColumn {
  name: string
  /** Where the values are codes. */
  textOf: ((code: number) => string | undefined) | null
}

export class LeakWatch {
  readonly #target: LeakColumn
  readonly #watched: Watched[]
  readonly #features: readonly LeakColumn[]
  readonly #targets = new Set<number>()
  #rows = 0

  constructor(target: LeakColumn, features: readonly LeakColumn[]) {
    this.#target = target
    this.#features = features
    this.#watched = features.map(({ name, textOf }) => ({
      name,
      targetOf: new Map(),
      line: textOf === null && target.textOf === null ? new Line() : null,
      isText: textOf !== null,
      equals: true,
    }))
  }

  /** Values of the kept rows of a batch, in the order of the features; null for one that turned out to be ignored. */
  take(target: Float64Array, features: readonly (Float64Array | null)[]): void {
    this.#rows += target.length
    for (const value of target) if (this.#targets.size < 2) this.#targets.add(value)
    for (const [place, watched] of this.#watched.entries()) {
      const values = features[place]
      if (values === null) watched.targetOf = watched.line = null
      else this.#compare(watched, this.#features[place], values, target)
    }
  }

  #compare(watched: Watched, { textOf }: LeakColumn, values: Float64Array, target: Float64Array): void {
    const { line } = watched
    for (let row = 0; row < values.length && (watched.targetOf !== null || line !== null); row++) {
      const value = values[row]
      if (Number.isNaN(value)) continue
      line?.add(value, target[row])
      if (watched.targetOf === null) continue
      const before = watched.targetOf.get(value)
      if (before === undefined) {
        if (watched.equals) watched.equals = isSame(value, textOf, target[row], this.#target.textOf)
        watched.targetOf.set(value, target[row])
      }
      const isContradiction = before !== undefined && before !== target[row]
      if (isContradiction || watched.targetOf.size > watchedValues) watched.targetOf = null
    }
  }

  warnings(): DatasetWarning[] {
    if (this.#targets.size < 2) return []
    const columns = this.#watched.filter((watched) => this.#tells(watched)).map(({ name }) => name)
    if (columns.length === 0) return []
    const types = columns.slice(0, mostNamed).map((name) => `${name}:ignored`)
    const verb = columns.length === 1 ? 'tells' : 'each tell'
    const message =
      `${shownNames(columns, mostNamed)} ${verb} ${this.#target.name} in every row: if it is not known before the ` +
      `answer is, a model that uses it only looks good; leave it out: types=${types.join(',')}`
    return [{ code: 'possible-leak', columns: columns.slice(0, mostNamed), message }]
  }

  #tells({ targetOf, line, equals, isText }: Watched): boolean {
    const isAlone = this.#watched.length === 1
    if (targetOf !== null && targetOf.size > 1) {
      if (equals && !isAlone) return true
      if (this.#rows >= fewRows && this.#repeats(targetOf, isText) && !isAlone) return true
    }
    return line !== null && !isAlone && this.#rows >= fewRows && line.determination >= sameLine
  }

  /** Whether values recur often enough; measurements that only rows copied whole repeat do not. */
  #repeats(targetOf: ReadonlyMap<number, number>, isText: boolean): boolean {
    const values = targetOf.size
    if (isText) return values * leastRepeats.category <= this.#rows
    if (values * leastRepeats.number <= this.#rows) return true
    const codes = codesOfClass * new Set(targetOf.values()).size
    return this.#target.textOf !== null && values <= codes && values * leastRepeats.category <= this.#rows
  }
}

function isSame(
  value: number,
  textOf: LeakColumn['textOf'],
  target: number,
  targetText: LeakColumn['textOf'],
): boolean {
  const [text, other] = [textOf?.(value) ?? String(value), targetText?.(target) ?? String(target)]
  return text.toLowerCase() === other.toLowerCase()
}
