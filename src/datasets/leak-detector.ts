/** Detects target leakage: features that determine the target, which may be unknown at prediction time. */
import type { DatasetWarning } from '../contract/dataset.js'
import { shownNames } from './shown-text.js'

/** A feature with more distinct values is not checked. */
const maximumValues = 10_000
/** Fewer rows may agree by chance. */
const fewRows = 20
/** The mean number of rows per value that a category or a number needs as evidence. */
const minimumRepeats = { category: 2, number: 10 }
/** A number with at most this many values per class may encode the classes. */
const codesPerClass = 2
/** The r² above which a number is a linear function of the target, such as a copy in another unit. */
const linearDetermination = 0.999_99
const maximumNamed = 10

interface Watched {
  name: string
  /** The target of each value; null after a contradiction or too many values. */
  targets: Map<number, number> | null
  /** The correlation of two numbers; null unless feature and target are numbers. */
  line: Line | null
  /** Whether it is a category or a boolean. */
  isText: boolean
  /** Whether its values equal the target as text. */
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

interface LeakColumn {
  name: string
  /** Decodes values. Null for a number. */
  categoryText: ((code: number) => string | undefined) | null
}

export class LeakDetector {
  readonly #target: LeakColumn
  readonly #watched: Watched[]
  readonly #features: readonly LeakColumn[]
  readonly #targets = new Set<number>()
  #rows = 0

  constructor(target: LeakColumn, features: readonly LeakColumn[]) {
    this.#target = target
    this.#features = features
    this.#watched = features.map(({ name, categoryText }) => ({
      name,
      targets: new Map(),
      line: categoryText === null && target.categoryText === null ? new Line() : null,
      isText: categoryText !== null,
      equals: true,
    }))
  }

  /** Adds the kept rows of a batch. Null for a feature that is now ignored. */
  take(target: Float64Array, features: readonly (Float64Array | null)[]): void {
    this.#rows += target.length
    for (const value of target) if (this.#targets.size < 2) this.#targets.add(value)
    for (const [index, watched] of this.#watched.entries()) {
      const values = features[index]
      if (values === null) watched.targets = watched.line = null
      else this.#compare(watched, this.#features[index], values, target)
    }
  }

  #compare(watched: Watched, { categoryText }: LeakColumn, values: Float64Array, target: Float64Array): void {
    const { line } = watched
    for (let row = 0; row < values.length && (watched.targets !== null || line !== null); row++) {
      const value = values[row]
      if (Number.isNaN(value)) continue
      line?.add(value, target[row])
      if (watched.targets === null) continue
      const previous = watched.targets.get(value)
      if (previous === undefined) {
        if (watched.equals)
          watched.equals = isSame(value, categoryText, target[row], this.#target.categoryText)
        watched.targets.set(value, target[row])
      }
      const isContradiction = previous !== undefined && previous !== target[row]
      if (isContradiction || watched.targets.size > maximumValues) watched.targets = null
    }
  }

  warnings(): DatasetWarning[] {
    if (this.#targets.size < 2) return []
    const columns = this.#watched.filter((watched) => this.#determinesTarget(watched)).map(({ name }) => name)
    if (columns.length === 0) return []
    const types = columns.slice(0, maximumNamed).map((name) => `${name}:ignored`)
    const verb = columns.length === 1 ? 'determines' : 'each determine'
    const message =
      `${shownNames(columns, maximumNamed)} ${verb} ${this.#target.name} in every row, so the metrics are misleading ` +
      `unless it is known at prediction time; to ignore it: types=${types.join(',')}`
    return [{ code: 'possible-leak', columns: columns.slice(0, maximumNamed), message }]
  }

  #determinesTarget({ targets, line, equals, isText }: Watched): boolean {
    const isAlone = this.#watched.length === 1
    if (targets !== null && targets.size > 1) {
      if (equals && !isAlone) return true
      if (this.#rows >= fewRows && this.#repeats(targets, isText) && !isAlone) return true
    }
    return line !== null && !isAlone && this.#rows >= fewRows && line.determination >= linearDetermination
  }

  /** Whether values repeat often enough. Measurements repeat only in duplicate rows, which is not enough. */
  #repeats(targets: ReadonlyMap<number, number>, isText: boolean): boolean {
    const values = targets.size
    if (isText) return values * minimumRepeats.category <= this.#rows
    if (values * minimumRepeats.number <= this.#rows) return true
    const codes = codesPerClass * new Set(targets.values()).size
    return (
      this.#target.categoryText !== null && values <= codes && values * minimumRepeats.category <= this.#rows
    )
  }
}

function isSame(
  value: number,
  categoryText: LeakColumn['categoryText'],
  target: number,
  targetText: LeakColumn['categoryText'],
): boolean {
  const [text, other] = [categoryText?.(value) ?? String(value), targetText?.(target) ?? String(target)]
  return text.toLowerCase() === other.toLowerCase()
}
