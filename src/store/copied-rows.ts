/**
 * Reads rows with many bytes by COPY in its binary format, as they are stored. node-postgres gets other rows as text, in
 * which bytes are twice as long, and takes four times the time of the event loop for them. PostgreSQL parses and plans
 * each COPY, so statements with a slow plan do not gain.
 *
 * Format: PostgreSQL documentation, COPY, "Binary Format".
 */
import pg from 'pg'
import { z } from 'zod'
import { checkedRows, type Statement, StatementError, statement, withConnection } from './statements.js'

/** By type of a column. A message is only valid until the next one, so bytes are copied. */
const decoders = {
  bytea: (field: Buffer) => new Uint8Array(field),
  int4: (field: Buffer) => field.readInt32BE(),
  bool: (field: Buffer) => field[0] === 1,
  text: (field: Buffer) => field.toString('utf8'),
}
type ColumnType = keyof typeof decoders

const schemas = {
  bytea: z.instanceof(Uint8Array<ArrayBuffer>),
  int4: z.int(),
  bool: z.boolean(),
  text: z.string(),
}

/** The types of the columns, in the order of the statement. Null is possible for those with a `?`. */
type Columns = Readonly<Record<string, ColumnType | `${ColumnType}?`>>

type Value<Type> = Type extends `${infer Known extends ColumnType}?`
  ? Value<Known> | null
  : Type extends ColumnType
    ? ReturnType<(typeof decoders)[Type]>
    : never

type Row<Of extends Columns> = { -readonly [Name in keyof Of]: Value<Of[Name]> }

interface CopiedStatement<Of extends Columns> {
  readonly statement: Statement
  readonly columns: Of
}

/** As `statement`, with values that are texts or numbers. */
export function copiedStatement<const Of extends Columns>(
  name: string,
  columns: Of,
  text: string,
): CopiedStatement<Of> {
  const shape = Object.entries(columns).map(([column, type]) => {
    const schema = schemas[knownType(type)]
    return [column, type.endsWith('?') ? schema.nullable() : schema] as const
  })
  return { statement: statement(name, z.strictObject(Object.fromEntries(shape)), text), columns }
}

/** @throws StatementError */
export async function readCopied<Of extends Columns>(
  pool: pg.Pool,
  { statement, columns }: CopiedStatement<Of>,
  values: readonly (string | number)[],
): Promise<Row<Of>[]> {
  const text = statement.text.replace(/\$(\d+)/g, (_, place: string) => toLiteral(values[Number(place) - 1]))
  const read = (client: pg.PoolClient) =>
    copy(client, columns, text).catch((error: unknown) => {
      throw new StatementError(statement.name, error)
    })
  // A failed COPY may be the end of the connection.
  const rows = await withConnection(pool, read, async () => false)
  return checkedRows(statement, rows as Row<Of>[])
}

const copy = (client: pg.PoolClient, columns: Columns, text: string) =>
  new Promise<Record<string, unknown>[]>((resolve, reject) => {
    const query: Copy = new Copy(columns, text, (error) => (error ? reject(error) : resolve(query.rows)))
    client.query(query)
  })

/** COPY takes no parameters. */
function toLiteral(value: string | number | undefined): string {
  if (typeof value === 'string') return pg.escapeLiteral(value)
  if (Number.isSafeInteger(value)) return String(value)
  throw new Error(`${value} is neither text nor an integer`)
}

/** Signature, flags and length of the extension, which has no bytes. */
const headerBytes = 19

/** Each message has whole rows, as the protocol says. */
class Copy extends pg.Query {
  readonly rows: Record<string, unknown>[] = []
  readonly #decoders: readonly (readonly [string, (field: Buffer) => unknown])[]
  #hasHeader = false

  constructor(columns: Columns, text: string, done: (error: Error | undefined) => void) {
    super(`COPY (${text}) TO STDOUT (FORMAT binary)`, done)
    this.#decoders = Object.entries(columns).map(([name, type]) => [name, decoders[knownType(type)]])
  }

  /** Called by node-postgres for each message. */
  handleCopyData({ chunk }: { chunk: Buffer }): void {
    let offset = this.#hasHeader ? 0 : headerBytes
    this.#hasHeader = true
    // The last message has −1 fields.
    while (offset < chunk.length && chunk.readInt16BE(offset) >= 0) offset = this.#decode(chunk, offset + 2)
  }

  /** Returns the offset after the row. */
  #decode(chunk: Buffer, start: number): number {
    const row: Record<string, unknown> = {}
    let offset = start
    for (const [name, decode] of this.#decoders) {
      const length = chunk.readInt32BE(offset)
      offset += 4
      row[name] = length < 0 ? null : decode(chunk.subarray(offset, offset + length))
      offset += Math.max(0, length)
    }
    this.rows.push(row)
    return offset
  }
}

const knownType = (type: ColumnType | `${ColumnType}?`) => type.replace('?', '') as ColumnType
