/** What derived features compute. */

export interface Derivation {
  type: 'square' | 'sin' | 'product'
  /** The columns that it reads: two for a product, otherwise one. */
  of: readonly string[]
}

/** @param second of the second column of a product */
export function deriveValue(type: Derivation['type'], first: number, second = first): number {
  switch (type) {
    case 'square':
    case 'product':
      return first * second
    case 'sin':
      return Math.sin(first)
    default:
      return type satisfies never
  }
}

/** `x²`, `sin x` or `x · y`. */
export function derivedName({ type, of }: Derivation): string {
  const [first = '', second = first] = of
  switch (type) {
    case 'square':
      return `${first}²`
    case 'sin':
      return `sin ${first}`
    case 'product':
      return `${first} · ${second}`
    default:
      return type satisfies never
  }
}

/** Equal for derivations of the same value. */
export const derivationKey = ({ type, of }: Derivation) => JSON.stringify([type, ...[...of].sort()])
