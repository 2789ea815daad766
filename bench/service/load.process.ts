/** Repeats one request over several connections for some time, and counts the answers. */

import { answerMessages } from './bench-process.js'
import { Connection } from './connection.js'

export interface Load {
  port: number
  request: string
  connections: number
  milliseconds: number
}

export interface LoadReport {
  /** Answers of status 2xx a second. */
  rate: number
  refused: number
}

async function run({ port, request, connections, milliseconds }: Load): Promise<LoadReport> {
  const bytes = Buffer.from(request)
  const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)))
  let good = 0
  let refused = 0
  const begin = performance.now()
  const end = begin + milliseconds
  const lane = async (connection: Connection) => {
    while (performance.now() < end) {
      const { status } = await connection.ask(bytes)
      if (status >= 200 && status < 300) good += 1
      else refused += 1
    }
    connection.close()
  }
  await Promise.all(opened.map(lane))
  return { rate: (1_000 * good) / (performance.now() - begin), refused }
}

answerMessages(run)
