/**
 * The SQL that the store writes by hand. Each statement is declared once, with the schema of its rows. Tests check every row
 * (`checkRows`) and explain every statement of the registry on large tables; production trusts both.
 */
import type pg from 'pg'
import { z } from 'zod'
import type { Prisma } from './generated/client.js'

export interface Statement<Row extends object = object> {
  /** Unique: a connection of the statement pool parses and plans it once under this name. */
  readonly name: string
  /** Values are $1, $2, …. */
  readonly text: string
  readonly row: z.ZodType<Row>
  /** Why it may read a whole large table. */
  readonly scans: string | null
}

const registry = new Map<string, Statement>()

/** All statements of the modules that are loaded, by name. */
export const statements: ReadonlyMap<string, Statement> = registry

/** @throws Error if another statement has the name */
export function statement<Row extends object>(
  name: string,
  row: z.ZodType<Row>,
  text: string,
  { scans = null }: { scans?: string | null } = {},
): Statement<Row> {
  if (registry.has(name)) throw new Error(`There are two statements named ${name}.`)
  const created = { name, row, text, scans }
  registry.set(name, created)
  return created
}

/** Of a statement that returns nothing. */
export const noRow = z.strictObject({})
export const idRow = z.strictObject({ id: z.string() })

let checksRows = false

/** From now on, rows must match their schemas. */
export function checkRows(): void {
  checksRows = true
}

/** The rows. @throws Error in tests if they do not match the schema */
export function checkedRows<Row extends object>({ name, row }: Statement, rows: Row[]): Row[] {
  if (!checksRows) return rows
  const { error } = z.array(row).safeParse(rows)
  if (error !== undefined) throw new Error(`${name}: the rows do not match: ${z.prettifyError(error)}`)
  return rows
}

/** A statement that failed; `cause` is the error of node-postgres. */
export class StatementError extends Error {
  override readonly name = 'StatementError'

  constructor(statement: string, cause: unknown) {
    super(`${statement}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

/** The pool, or one of its connections in a transaction. */
export type Connection = Pick<pg.Pool | pg.PoolClient, 'query'>

/**
 * Sends a statement by its name: for those that are sent often.
 * @throws StatementError
 */
export async function send<Row extends object>(
  client: Connection,
  statement: Statement<Row>,
  values: unknown[],
): Promise<Row[]> {
  const { name, text } = statement
  const { rows } = await client.query<Row>({ name, text, values }).catch((error: unknown) => {
    throw new StatementError(name, error)
  })
  return checkedRows(statement, rows)
}

/** A transaction of Prisma, Prisma itself, or a connection of node-postgres. */
export type Client = Prisma.TransactionClient | Connection

/** Sends a statement in any kind of transaction. Through Prisma, PostgreSQL plans it for its values. */
export async function query<Row extends object>(
  client: Client,
  statement: Statement<Row>,
  values: unknown[],
): Promise<Row[]> {
  if (!('$queryRawUnsafe' in client)) return send(client, statement, values)
  return checkedRows(statement, await client.$queryRawUnsafe<Row[]>(statement.text, ...values))
}

/**
 * Runs work on a connection of the pool. `recover` returns whether the connection is usable after an error of the work;
 * otherwise it is closed.
 * @throws StatementError if there is no connection; errors of the work
 */
export async function withConnection<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  recover: (client: pg.PoolClient) => Promise<boolean>,
): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw new StatementError('connect', error)
  })
  // If the connection breaks between two statements, the next one fails.
  const ignore = () => {}
  client.on('error', ignore)
  let isBroken = false
  try {
    return await work(client)
  } catch (error) {
    isBroken = !(await recover(client))
    throw error
  } finally {
    client.off('error', ignore)
    client.release(isBroken)
  }
}

/** Commits what `work` does on the connection, or rolls it back if it throws. */
export async function transaction<T>(pool: pg.Pool, work: (client: Connection) => Promise<T>): Promise<T> {
  const commit = async (client: Connection) => {
    await command(client, 'BEGIN')
    const result = await work(client)
    await command(client, 'COMMIT')
    return result
  }
  // A connection that cannot roll back is closed, which rolls back, too.
  const rollBack = (client: Connection) =>
    client.query('ROLLBACK').then(
      () => true,
      () => false,
    )
  return withConnection(pool, commit, rollBack)
}

async function command(client: Connection, text: 'BEGIN' | 'COMMIT'): Promise<void> {
  await client.query({ name: text, text }).catch((error: unknown) => {
    throw new StatementError(text, error)
  })
}
