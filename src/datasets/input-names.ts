/** Maps rows by column name to the features of a model. */

import { didYouMean } from '../base/similar-names.js'
import type { Cell, Coding } from '../contract/dataset.js'
import { pointerTo } from '../contract/problems.js'
import { InputError } from './input-error.js'
import { shown, shownNames } from './shown-text.js'

/** Ignores surrounding blanks and differences of Unicode normalization. */
const plainName = (name: string) => name.trim().normalize('NFC')

/** Models with more features get no suggestion, because every row may have a wrong name. */
const maximumSuggestions = 1_000

interface NamedCells {
  /** In the order of the features; undefined for a feature that the row does not have. */
  cells: (Cell | undefined)[]
  /** The names of the cells as written in the row. */
  spellings: (string | undefined)[]
}

export class InputNames {
  readonly #names: string[]
  readonly #isRequired: boolean[]
  /** Feature indices by exact and by plain name; −1 for an ignored column. */
  readonly #places = new Map<string, number>()

  constructor({ features, ignored = [] }: Coding) {
    this.#names = features.map(({ name }) => name)
    this.#isRequired = features.map(({ type, imputation }) => imputation === undefined && type !== 'category')
    for (const name of ignored.map(plainName)) this.#places.set(name, -1)
    for (const name of ignored) this.#places.set(name, -1)
    for (const [index, name] of this.#names.entries()) this.#places.set(plainName(name), index)
    for (const [index, name] of this.#names.entries()) this.#places.set(name, index)
  }

  /** The index of the feature with this name; −1 for an ignored column, undefined for an unknown name. */
  find(name: string): number | undefined {
    return this.#places.get(name) ?? this.#places.get(plainName(name))
  }

  /** @throws InputError for an unknown or repeated name, or a missing feature without imputation */
  readCells(row: Readonly<Record<string, Cell>>, index: number): NamedCells {
    const cells: NamedCells['cells'] = this.#names.map(() => undefined)
    const spellings: NamedCells['spellings'] = this.#names.map(() => undefined)
    for (const [name, cell] of Object.entries(row)) {
      const place = this.find(name)
      if (place === undefined) throw new InputError(pointerTo([index, name]), this.unknown(name))
      if (place < 0) continue
      const previous = spellings[place]
      if (previous !== undefined) {
        const message = `${shown(name)} and ${shown(previous)} are the same column; send it only once`
        throw new InputError(pointerTo([index, name]), message)
      }
      cells[place] = cell
      spellings[place] = name
    }
    const missing = this.#names.find(
      (_, position) => spellings[position] === undefined && this.#isRequired[position],
    )
    if (missing === undefined) return { cells, spellings }
    throw new InputError(
      pointerTo([index]),
      `${missing} is missing; the inputs of this model are ${this.list}`,
    )
  }

  unknown(name: string): string {
    return `${shown(name)} is not an input; the inputs of this model are ${this.list}${this.#suggestion(name)}`
  }

  #suggestion(name: string): string {
    return this.#names.length <= maximumSuggestions ? didYouMean(name, this.#names) : ''
  }

  get list(): string {
    return shownNames(this.#names)
  }
}
