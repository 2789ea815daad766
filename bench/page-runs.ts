/**
 * The cost of a page with 1,000 runs during a sweep: 500 ended, two running and 498 queued, shown in Chromium for 30 s.
 * Prints a JSON line: requests and bytes of the page, task time of its main thread, CPU time of the API process.
 */
import type pg from 'pg'
import type { CDPSession, Page } from 'playwright-core'
import { submit } from '../examples/client.js'
import { type Job, jobSchema } from '../src/contract/job.js'
import { openBrowser } from './browser.js'
import { Meter } from './meter.js'
import { withProcesses } from './processes.js'
import { readJob } from './readers.js'

const rows = 1_000
const watchedMilliseconds = 30_000

type JobRequest = Parameters<typeof submit>[1]

function createJob(units: number, epochs: number): JobRequest {
  return {
    name: `${units} units`,
    dataset: 'xor',
    network: {
      layers: [
        { type: 'dense', units, activation: 'tanh' },
        { type: 'dense', units, activation: 'tanh' },
        { type: 'dense', units: 1, activation: 'sigmoid' },
      ],
    },
    loss: 'binaryCrossentropy',
    epochs,
    seed: 1,
  }
}

/** Stores copies of the job with its epochs. */
async function copyJob(database: pg.Client, { id }: Job, copies: number): Promise<void> {
  const { rows: columns } = await database.query<{ name: string }>(
    `SELECT quote_ident(column_name) AS name FROM information_schema.columns
     WHERE table_name = 'Job' AND column_name <> 'id' AND is_generated = 'NEVER' ORDER BY ordinal_position`,
  )
  const names = columns.map(({ name }) => name).join(', ')
  await database.query(
    `WITH copy AS (
       INSERT INTO "Job" (id, ${names})
       SELECT 'job_' || replace(gen_random_uuid()::text, '-', ''), ${names}
       FROM "Job", generate_series(1, ${copies}) WHERE id = $1 RETURNING id
     )
     INSERT INTO "EpochBatch" ("jobId", "firstEpoch", "lastEpoch", metrics, "startSeconds", "endSeconds")
     SELECT copy.id, "firstEpoch", "lastEpoch", metrics, "startSeconds", "endSeconds"
     FROM "EpochBatch", copy WHERE "jobId" = $1`,
    [id],
  )
}

async function showAll(page: Page): Promise<void> {
  const shown = page.locator('table.runs tbody tr')
  for (;;) {
    const before = await shown.count()
    if (before >= rows) return
    const more = page.getByRole('button', { name: 'Show more' })
    await more.click({ timeout: 60_000 })
    while ((await shown.count()) === before) await page.waitForTimeout(20)
  }
}

/** Counts the traffic from now on. */
async function countTraffic(devtools: CDPSession) {
  const counted = { requests: 0, messages: 0, bytes: 0 }
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
    counted.requests++
    counted.bytes += encodedDataLength
  })
  devtools.on('Network.webSocketFrameReceived', ({ response }) => {
    counted.messages++
    counted.bytes += response.payloadData.length
  })
  await devtools.send('Network.enable')
  return counted
}

async function taskSeconds(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics')
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN
}

export const main = () =>
  withProcesses(async (processes) => {
    const { url, database } = processes
    const short = await submit(url, createJob(4, 500))
    await readJob(url, short)
    await copyJob(database, short, rows / 2 - 1)
    const long = await submit(url, createJob(128, 1_000_000))
    const paused = await fetch(`${url}${long.links.self}/pause`, { method: 'POST' })
    jobSchema.parse(await paused.json())
    await copyJob(database, long, rows / 2 - 1)
    await database.query(`UPDATE "Job" SET status = 'queued' WHERE status = 'paused'`)
    const { context, close } = await openBrowser({ viewport: { width: 1600, height: 1000 } })
    try {
      const page = await context.newPage()
      await page.goto(`${url}/#/runs`)
      await showAll(page)
      await page.waitForTimeout(5_000)
      const devtools = await context.newCDPSession(page)
      await devtools.send('Performance.enable')
      const meter = new Meter(processes, 'page-runs')
      await meter.measure(`${rows} runs`, async () => {
        const counted = await countTraffic(devtools)
        const before = await taskSeconds(devtools)
        await page.waitForTimeout(watchedMilliseconds)
        const { requests, messages, bytes } = counted
        return {
          seconds: watchedMilliseconds / 1_000,
          requests,
          messages,
          kibibytes: Math.round(bytes / 1_024),
          mainThreadSeconds: Math.round(100 * ((await taskSeconds(devtools)) - before)) / 100,
        }
      })
    } finally {
      await close()
    }
  })
