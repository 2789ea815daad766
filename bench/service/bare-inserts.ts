/** The cost of storing one row: inserted and committed in a PostgreSQL that does nothing else. */
import pg from 'pg'
import { type Postgres, startPostgres } from '../processes.js'
import { smallJob } from './running-service.js'

const body = JSON.stringify(smallJob(1))
const insertion = { name: 'insertion', text: 'INSERT INTO insertion (body) VALUES ($1)', values: [body] }

export class BareInserts {
  private constructor(
    private readonly postgres: Postgres,
    private readonly clients: readonly pg.Client[],
  ) {}

  static async start(connections: number): Promise<BareInserts> {
    const postgres = await startPostgres()
    const { connectionString } = postgres
    const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString }))
    for (const client of clients) {
      // Without a listener, the end of the server would end this process.
      client.on('error', () => {})
      await client.connect()
    }
    await clients[0].query(
      'CREATE TABLE insertion (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body jsonb NOT NULL)',
    )
    return new BareInserts(postgres, clients)
  }

  /** Milliseconds of each insert, one after another. */
  async times(count: number): Promise<number[]> {
    const times: number[] = []
    for (let n = 0; n < count; n++) {
      const begin = performance.now()
      await this.clients[0].query(insertion)
      times.push(performance.now() - begin)
    }
    return times
  }

  /** Inserts committed a second. */
  async rate(connections: number, milliseconds: number): Promise<number> {
    let committed = 0
    const begin = performance.now()
    const lane = async (client: pg.Client) => {
      while (performance.now() < begin + milliseconds) {
        await client.query(insertion)
        committed += 1
      }
    }
    await Promise.all(this.clients.slice(0, connections).map(lane))
    return (1_000 * committed) / (performance.now() - begin)
  }

  async stop(): Promise<void> {
    for (const client of this.clients) await client.end()
    await this.postgres.stop()
  }
}
