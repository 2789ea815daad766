/**
 * Deletes objects whose rows are deleted, and once a day those that never had a row, because their writer died. Any number
 * of processes may do this at the same time.
 */
import type { Database } from './database.js'
import {
  claimDeletedObjects,
  forgetDeletedObjects,
  orphanedObjects,
  unnamedObjects,
} from './deleted-objects.js'
import { type ObjectStore, objectFolders } from './object-store.js'
import { idRow, send, statement } from './statements.js'

export interface ObjectCleaner {
  cleanUp(): Promise<void>
  /** Ends after the current requests. */
  stop(): void
}

interface CleanerOptions {
  /** How long an object stays after its row, so that a copy of the bucket has all that an earlier dump names. */
  keptSeconds: number
  /** Longer than any writer takes from an object to the commit of its row. */
  orphanSeconds?: number
  /** Between two searches for orphans, over all processes. */
  searchSeconds?: number
}

const daySeconds = 86_400
const deletionsAtOnce = 8

/** $1 seconds between two searches. */
const searchStatement = statement(
  'beginOrphanSearch',
  idRow,
  `UPDATE "ObjectStoreState" SET "searchedAt" = now()
    WHERE "searchedAt" <= now() - $1::float8 * interval '1 second' RETURNING id::text`,
)

/** Lets the next cleanup repeat a search that failed. */
const repeatStatement = statement(
  'repeatOrphanSearch',
  idRow,
  `UPDATE "ObjectStoreState" SET "searchedAt" = '-infinity' RETURNING id::text`,
)

export function objectCleaner(
  { pool }: Pick<Database, 'pool'>,
  objects: ObjectStore,
  { keptSeconds, orphanSeconds = daySeconds, searchSeconds = daySeconds }: CleanerOptions,
): ObjectCleaner {
  let isStopping = false

  async function deleteAll(keys: readonly string[]): Promise<void> {
    const waiting = keys.values()
    const deleteSome = async () => {
      for (const key of waiting) await objects.delete(key)
    }
    await Promise.all(Array.from({ length: deletionsAtOnce }, deleteSome))
  }

  async function deleteClaimed(): Promise<void> {
    while (!isStopping) {
      const claimed = await claimDeletedObjects(pool, keptSeconds)
      if (claimed.length === 0) return
      await deleteAll(
        await unnamedObjects(
          pool,
          claimed.map(({ key }) => key),
        ),
      )
      await forgetDeletedObjects(
        pool,
        claimed.map(({ id }) => id),
      )
    }
  }

  async function deleteOrphans(): Promise<void> {
    if ((await send(pool, searchStatement, [searchSeconds])).length === 0) return
    const limit = Date.now() - 1_000 * orphanSeconds
    try {
      for (const folder of objectFolders) {
        let next: string | null = null
        do {
          if (isStopping) return void (await send(pool, repeatStatement, []))
          const page = await objects.list(folder, next)
          const old = page.objects.filter(({ modified }) => modified.getTime() <= limit)
          await deleteAll(
            await orphanedObjects(
              pool,
              old.map(({ key }) => key),
            ),
          )
          next = page.next
        } while (next !== null)
      }
    } catch (error) {
      await send(pool, repeatStatement, [])
      throw error
    }
  }

  return {
    async cleanUp() {
      await deleteClaimed()
      await deleteOrphans()
    },
    stop() {
      isStopping = true
    },
  }
}
