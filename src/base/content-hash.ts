/** The hash of a dataset: equal for equal rows and columns, whatever its id and name. */
import { createHash } from 'node:crypto'

export class ContentHash {
  readonly #hash = createHash('sha256')

  addRows(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  /** In hexadecimal. Call it after the last row. */
  end(description: { columns: unknown; rows: number; inputShape: unknown; image: unknown }): string {
    const { columns, rows, inputShape, image } = description
    return this.#hash.update(JSON.stringify([columns, rows, inputShape, image])).digest('hex')
  }
}
