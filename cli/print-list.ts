/** Lists of the service as one JSON array, or as a table. */
import { table } from '../examples/chart.js'
import { type Cli, print, type SharedOptions } from './cli.js'

/** Items of a list without `--limit`. */
const usualItems = 30

export const withLimit = (command: Cli) =>
  command.option('limit', { type: 'number', default: usualItems, describe: 'Most items' })

/** The size of a page for a list that ends after `limit` items. */
export const pageSize = (limit: number) => Math.min(100, Math.max(1, limit))

export const withId = (command: Cli) =>
  command.positional('id', { type: 'string', demandOption: true, describe: 'Id' })

export async function printList<Item>(
  options: Pick<SharedOptions, 'json'>,
  limit: number,
  items: AsyncIterable<Item>,
  heads: readonly string[],
  row: (item: Item) => string[],
): Promise<void> {
  const found: Item[] = []
  if (limit > 0) {
    for await (const item of items) {
      found.push(item)
      if (found.length >= limit) break
    }
  }
  print(options, found, () => (found.length === 0 ? 'None.' : table(heads, found.map(row))))
}
