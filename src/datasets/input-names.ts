/** Finds the features of a model in rows by column name. */
import type { Cell, Coding } from '../contract/dataset.js'
import { pointerTo } from '../contract/problems.js'
import { didYouMean } from '../similar-names.js'
import { InputError } from './input-error.js'
import { shown, shownNames } from './shown-text.js'

/** Blanks around a name do not count, nor which of Unicode's forms it is written in. */
const plainName = (name: string) => name.trim().normalize('NFC')

/** Among more names none is suggested. */
const mostSuggested = 1_000

export interface NamedCells {
  /** In the order of the features; undefined where the row does not say. */
  cells: (Cell | undefined)[]
  /** The names of those cells, as the row spells them. */
  given: (string | undefined)[]
}

export class InputNames {
  readonly #names: string[]
  readonly #isNeeded: boolean[]
  /** By exact and by plain name; −1 of columns that do not count. */
  readonly #places = new Map<string, number>()

  constructor({ features, ignored = [] }: Coding) {
    this.#names = features.map(({ name }) => name)
    this.#isNeeded = features.map(({ type, imputation }) => imputation === undefined && type !== 'category')
    for (const name of ignored.map(plainName)) this.#places.set(name, -1)
    for (const name of ignored) this.#places.set(name, -1)
    for (const [place, name] of this.#names.entries()) this.#places.set(plainName(name), place)
    for (const [place, name] of this.#names.entries()) this.#places.set(name, place)
  }

  /** The place of the feature that a name means, −1 of a column that does not count; undefined of an unknown one. */
  find(name: string): number | undefined {
    return this.#places.get(name) ?? this.#places.get(plainName(name))
  }

  /** @throws InputError at a name that the dataset did not have, one that comes twice, or a feature that is needed and absent */
  cellsOf(row: Readonly<Record<string, Cell>>, index: number): NamedCells {
    const cells: NamedCells['cells'] = this.#names.map(() => undefined)
    const given: NamedCells['given'] = this.#names.map(() => undefined)
    for (const [name, cell] of Object.entries(row)) {
      const place = this.find(name)
      if (place === undefined) throw new InputError(pointerTo([index, name]), this.unknown(name))
      if (place < 0) continue
      const before = given[place]
      if (before !== undefined) {
        const message = `${shown(name)} and ${shown(before)} are the same column, which counts once`
        throw new InputError(pointerTo([index, name]), message)
      }
      cells[place] = cell
      given[place] = name
    }
    const missing = this.#names.find((_, place) => given[place] === undefined && this.#isNeeded[place])
    if (missing === undefined) return { cells, given }
    throw new InputError(pointerTo([index]), `${missing} is missing; this model takes ${this.list}`)
  }

  unknown(name: string): string {
    return `no input is called ${shown(name)}; this model takes ${this.list}${this.#suggestion(name)}`
  }

  /** Every row may have a wrong name, so that many names are not gone through. */
  #suggestion(name: string): string {
    return this.#names.length <= mostSuggested ? didYouMean(name, this.#names) : ''
  }

  get list(): string {
    return shownNames(this.#names)
  }
}
