/** Keys by id, with a hash of their secret. Times are those of the database's clock. */
import { z } from 'zod'
import { Problem } from '../contract/problems.js'
import type { KeyAdministration, KeyStore } from '../training/ports/keys.js'
import { changeKey, deleteKey, revokeKey, rotateKey } from './change-keys.js'
import { createKeys } from './create-keys.js'
import type { Database } from './database.js'
import { createOnce } from './idempotency.js'
import { KeyCache } from './key-cache.js'
import { keyColumns, keyRow, toKey } from './key-rows.js'
import { isLive, sharedLookups } from './lookups.js'
import { findPosition, toPage } from './pages.js'
import { idRow, query, send, statement } from './statements.js'

/** Sent every second by each API process. */
const anyStatement = statement(
  'anyKey',
  z.strictObject({ found: z.int() }),
  'SELECT 1 AS found FROM "Key" LIMIT 1',
)
const liveStatement = statement(
  'liveKeys',
  idRow,
  `SELECT id FROM "Key" WHERE id = ANY($1::text[]) AND ${isLive}
    AND NOT EXISTS (SELECT FROM "Tenant" WHERE "Tenant".id = "tenantId" AND "suspendedAt" IS NOT NULL)`,
)

const anyLiveStatement = statement(
  'anyLiveKey',
  z.strictObject({ found: z.int() }),
  `SELECT 1 AS found FROM "Key" WHERE ${isLive} LIMIT 1`,
  { scans: 'a start stops at the first live key' },
)

const getStatement = statement('getKey', keyRow, `SELECT ${keyColumns} FROM "Key" WHERE id = $1`)

/** $1 and $2 time and id of the position after which the list begins, $3 maximum number, $4 tenant. */
const listStatement = (name: string, condition: string) =>
  statement(
    name,
    keyRow,
    `SELECT ${keyColumns} FROM "Key" WHERE ("createdAt", id) < ($1::timestamptz, $2::text) ${condition}
      ORDER BY "createdAt" DESC, id DESC LIMIT $3::int`,
  )
const pageStatement = listStatement('listKeys', '')
const pageOfTenantStatement = listStatement('listKeysOfTenant', 'AND "tenantId" = $4')

const listAllStatement = statement(
  'listAllKeys',
  keyRow,
  `SELECT ${keyColumns} FROM "Key" ORDER BY "tenantId", "createdAt"`,
  { scans: 'the command line lists all keys' },
)

export function keyStore(database: Database): KeyStore & KeyAdministration {
  const liveKeys = new KeyCache(sharedLookups(database))
  const get = async (id: string) => {
    const [row] = await send(database.pool, getStatement, [id])
    return row === undefined ? null : toKey(row)
  }
  return {
    async create(key, actor) {
      const [outcome] = await database.$transaction((client) => createKeys(client, [key], actor))
      if (outcome instanceof Problem) throw outcome
      return outcome
    },

    createAll(keys, actor, { tenantId, once, answer, toRepeat }) {
      return database.inTransaction(tenantId, (client) =>
        createOnce(client, once, async () => answer(await createKeys(client, keys, actor)), toRepeat),
      )
    },

    async listAll() {
      return (await send(database.pool, listAllStatement, [])).map(toKey)
    },

    async list(tenantId, page) {
      const position = await findPosition(page.after, async (id) => {
        const key = await get(id)
        const isListed = key !== null && (tenantId === undefined || key.tenantId === tenantId)
        return isListed ? { id, createdAt: new Date(key.createdAt) } : null
      })
      const values = [position?.createdAt ?? 'infinity', position?.id ?? '', page.limit + 1]
      const rows =
        tenantId === undefined
          ? await send(database.pool, pageStatement, values)
          : await send(database.pool, pageOfTenantStatement, [...values, tenantId])
      return toPage(rows, page, toKey)
    },

    get,

    change: (id, change, actor) => database.$transaction((client) => changeKey(client, id, change, actor)),

    rotate: (id, rotation, actor) =>
      database.$transaction((client) => rotateKey(client, id, rotation, actor)),

    revoke: (id, actor) => database.$transaction((client) => revokeKey(client, id, actor)),

    delete: (id, actor) => database.$transaction((client) => deleteKey(client, id, actor)),

    find: (id) => liveKeys.find(id),

    async live(ids) {
      const rows = await send(database.pool, liveStatement, [ids])
      return rows.map(({ id }) => id)
    },

    async anyLive() {
      return (await query(database, anyLiveStatement, [])).length > 0
    },

    async any() {
      return (await send(database.pool, anyStatement, [])).length > 0
    },
  }
}
