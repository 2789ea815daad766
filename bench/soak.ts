/**
 * `npm run soak [-- --minutes 60 --kill-seconds 20 --port 3921]`: mixed use of the all-in-one service with kills in
 * between. Reports whether memory, connections and disk stay flat and every accepted job ended once, and writes
 * bench/soak/soak.json and soak.svg. The exit code is 1 when a job was lost, doubled or failed.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { projectFolder } from '../examples/service.js'
import { HttpClient } from './http-client.js'
import { Ledger } from './soak/ledger.js'
import { type Kill, plot } from './soak/plot.js'
import { computeTrend, gaugeNames, type Sample, takeSample } from './soak/samples.js'
import { type Subject, startSubject } from './soak/subject.js'
import { Users } from './soak/users.js'

const sampleMilliseconds = 5_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    'kill-seconds': { type: 'string', default: '20' },
    port: { type: 'string', default: '3921' },
  },
})

/** Applied in turn. A job fails after three crashes without progress, so a training must progress between two kills. */
function strikes(subject: Subject, users: Users): Record<string, () => void> {
  return {
    worker: () => process.kill(subject.worker(), 'SIGKILL'),
    connections: () => users.breakConnections(),
    'postgres backend': () => {
      const pids = subject.backends()
      process.kill(pids[pids.length - 1], 'SIGKILL')
    },
    'connections again': () => users.breakConnections(),
    postgres: () => process.kill(subject.postgres(), 'SIGKILL'),
  }
}

async function soak(subject: Subject, users: Users, milliseconds: number) {
  const samples: Sample[] = []
  const kills: Kill[] = []
  const begin = performance.now()
  const seconds = () => (performance.now() - begin) / 1_000
  const kinds = Object.entries(strikes(subject, users))
  const running = users.run()
  let failure: unknown
  running.catch((error: unknown) => {
    failure = error
  })
  let nextKill = Number(values['kill-seconds'])
  while (1_000 * seconds() < milliseconds && failure === undefined) {
    await sleep(sampleMilliseconds)
    const sample = await takeSample(subject, seconds())
    if (sample !== null) samples.push(sample)
    if (seconds() < nextKill) continue
    nextKill += Number(values['kill-seconds'])
    const [what, strike] = kinds[kills.length % kinds.length]
    try {
      strike()
    } catch {
      // The process was not running.
    }
    kills.push({ seconds: Math.round(seconds()), what })
  }
  users.stop()
  await running
  return { samples, kills }
}

async function main(): Promise<void> {
  const subject = await startSubject(Number(values.port))
  try {
    const ledger = new Ledger()
    const users = new Users(new HttpClient(subject.url), ledger)
    const { samples, kills } = await soak(subject, users, 60_000 * Number(values.minutes))
    const left = await subject.query<{ id: string }>('SELECT id FROM "Job"')
    for (const { id } of left)
      ledger.faults.push(`${id} remains${ledger.knows(id) ? '' : ', and no request created it'}`)
    const trends = Object.fromEntries(gaugeNames.map((gauge) => [gauge, computeTrend(samples, gauge)]))
    const { accepted, ended, lost, faults, errors } = ledger
    const { predictions } = users
    const minutes = Number(values.minutes)
    const report = { minutes, accepted, ended, predictions, lost, faults, errors, trends, kills, samples }
    const folder = join(projectFolder, 'bench', 'soak')
    writeFileSync(join(folder, 'soak.json'), `${JSON.stringify(report)}\n`)
    writeFileSync(join(folder, 'soak.svg'), plot(samples, kills))
    for (const [gauge, { mean, growth, isFlat }] of Object.entries(trends)) {
      const by = `${growth >= 0 ? '+' : ''}${growth.toFixed(1)} over the second half`
      console.log(`${gauge}: ${mean.toFixed(1)}, ${by}: ${isFlat ? 'flat' : 'NOT FLAT'}`)
    }
    const lags = samples.flatMap(({ lagMilliseconds }) => lagMilliseconds ?? [])
    console.log(`event-loop lag, p99: at most ${Math.max(0, ...lags)} ms`)
    console.log(
      `${kills.length} kills; ${accepted} jobs accepted, ${ended} ended, ${predictions} predictions`,
    )
    console.log(`retried errors: ${JSON.stringify(errors)}`)
    console.log(`lost: ${lost.length}, faults: ${faults.length}`)
    for (const fault of faults) console.log(`  ${fault}`)
    if (lost.length > 0 || faults.length > 0) process.exitCode = 1
  } finally {
    await subject.stop()
  }
}

await main()
