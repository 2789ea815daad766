/** Damages the stored chunks of a dataset by SQL. */
import type { Stores } from './stores.js'

/** The second chunk; $1 is the dataset. */
const where = `WHERE "datasetId" = $1 AND index = 1`
const update = (changes: string) => `UPDATE "DatasetChunk" SET ${changes} ${where}`
/** $1 is the dataset. */
const bytesOf = (index: number) =>
  `(SELECT bytes FROM "DatasetChunk" AS other WHERE other."datasetId" = $1 AND other.index = ${index})`

/** Statements on the second of three chunks, of which the last one is the smallest. $1 is the dataset. */
const damages = {
  missing: `DELETE FROM "DatasetChunk" ${where}`,
  'with a flipped bit': update(
    'bytes = set_byte(bytes, octet_length(bytes) - 3, get_byte(bytes, octet_length(bytes) - 3) # 4)',
  ),
  truncated: update('bytes = substr(bytes, 1, octet_length(bytes) - 1)'),
  'that has the rows of another': update(`bytes = ${bytesOf(0)}`),
  'at another place': update('"firstRow" = "firstRow" + 1'),
  'with two billion rows': update('rows = 2147483647'),
  'with another checksum': update('checksum = checksum + 1'),
  'of an earlier release, truncated': update(
    'bytes = substr(bytes, 1, octet_length(bytes) - 1), checksum = NULL',
  ),
  'of an earlier release, empty': update(`bytes = '', checksum = NULL`),
  'of an earlier release, with fewer rows': update(`bytes = ${bytesOf(2)}, checksum = NULL`),
  'of an earlier release, with two billion columns': update(
    'bytes = set_byte(bytes, 7, 127), checksum = NULL',
  ),
}
export type Damage = keyof typeof damages
export const allDamages: Damage[] = Object.keys(damages).filter((name): name is Damage => name in damages)

/** @throws Error unless it changed one chunk */
export async function damage({ database }: Pick<Stores, 'database'>, id: string, how: Damage): Promise<void> {
  const changed = await database.$executeRawUnsafe(damages[how], id)
  if (changed !== 1) throw new Error(`${changed} chunks of dataset ${id} changed instead of 1`)
}
