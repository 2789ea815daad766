/**
 * A process that owns an embedded PostgreSQL until it is killed, for tests of what it leaves behind.
 * Prints the server's process number, or what went wrong.
 */
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.js'

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('which folder?')
const log = { info: () => {}, warn: () => {} }
startEmbeddedPostgres({ directory, log }).then(
  ({ pid }) => {
    console.log(pid)
    setInterval(() => {}, 60_000)
  },
  (error: unknown) => console.log(error instanceof Error ? error.message : error),
)
