import pg from 'pg'

/**
 * Everything in a database that a Prisma schema can express, one line each: columns with type, nullability and
 * default, keys, indexes, foreign keys with their actions, enums. The order of columns says nothing and is left
 * out, as are checks and triggers, which Prisma cannot express, and Prisma's own table of migrations.
 */
export async function readCatalog(connectionString: string): Promise<string[]> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const { rows } = await client.query<{ line: string }>(CATALOG)
    return rows.map(({ line }) => line)
  } finally {
    await client.end()
  }
}

const CATALOG = `
  WITH relations AS (
    SELECT oid, relname, relkind FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relname <> '_prisma_migrations'
  )
  SELECT format('%s %s', CASE relkind WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence' ELSE 'view' END, relname) AS line
  FROM relations WHERE relkind NOT IN ('i', 'c')
  UNION ALL
  SELECT concat_ws(' ', 'column', relname || '.' || attname, format_type(atttypid, atttypmod),
    CASE WHEN attnotnull THEN 'not null' END,
    'default ' || pg_get_expr(adbin, adrelid), nullif(attidentity, ''), nullif(attgenerated, ''))
  FROM relations JOIN pg_attribute ON attrelid = relations.oid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE relkind = 'r' AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT format('constraint %s %s %s', relname, conname, pg_get_constraintdef(pg_constraint.oid))
  FROM relations JOIN pg_constraint ON conrelid = relations.oid
  WHERE contype IN ('p', 'u', 'f', 'x')
  UNION ALL
  SELECT format('index %s', pg_get_indexdef(indexrelid))
  FROM relations JOIN pg_index ON indrelid = relations.oid
  UNION ALL
  SELECT format('enum %s %s', typname, string_agg(enumlabel, ' ' ORDER BY enumsortorder))
  FROM pg_type JOIN pg_enum ON enumtypid = pg_type.oid
  WHERE typnamespace = 'public'::regnamespace
  GROUP BY typname
  ORDER BY line`
