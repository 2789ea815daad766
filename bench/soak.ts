/**
 * `npm run soak [-- --minutes 60 --kill-seconds 20 --port 3921 --folder bench/soak]`: mixed use of the all-in-one service.
 * Kills end after two thirds of the time, so that the growth of processes shows afterwards. Reports whether memory,
 * connections and disk stay flat and every accepted job ended once, and writes soak.json and soak.svg. The exit code is 1
 * when a job was lost, doubled or failed, or a resource grows.
 */
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { projectFolder } from '../examples/service.js'
import { HttpClient } from './http-client.js'
import { Ledger } from './soak/ledger.js'
import { type Kill, plot } from './soak/plot.js'
import { type Sample, takeSample } from './soak/samples.js'
import { type Subject, startSubject } from './soak/subject.js'
import { Users } from './soak/users.js'
import { growingTables, judge } from './soak/verdict.js'

const sampleMilliseconds = 5_000
const shownTables = 5

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    'kill-seconds': { type: 'string', default: '20' },
    port: { type: 'string', default: '3921' },
    folder: { type: 'string', default: join(projectFolder, 'bench', 'soak') },
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

async function soak(subject: Subject, users: Users, ledger: Ledger, milliseconds: number) {
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
    const sample = await takeSample(subject, seconds(), ledger.ended)
    if (sample !== null) samples.push(sample)
    const isCalm = 1_000 * seconds() > (2 * milliseconds) / 3
    if (isCalm || seconds() < nextKill) continue
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
    const { samples, kills } = await soak(subject, users, ledger, 60_000 * Number(values.minutes))
    const left = await subject.query<{ id: string }>('SELECT id FROM "Job"')
    for (const { id } of left)
      ledger.faults.push(`${id} remains${ledger.knows(id) ? '' : ', and no request created it'}`)
    const judgements = judge(samples, kills.at(-1)?.seconds ?? 0)
    const tables = growingTables(samples, shownTables)
    const { accepted, ended, lost, faults, errors } = ledger
    const { predictions } = users
    const minutes = Number(values.minutes)
    const counts = { minutes, accepted, ended, predictions, lost, faults, errors }
    const folder = resolve(values.folder)
    writeFileSync(
      join(folder, 'soak.json'),
      `${JSON.stringify({ ...counts, judgements, tables, kills, samples })}\n`,
    )
    writeFileSync(join(folder, 'soak.svg'), plot(samples, kills))
    for (const { gauge, mean, growth, verdict, reason } of judgements) {
      console.log(`${gauge}: ${mean.toFixed(1)}, ${signed(growth)}: ${verdict} (${reason})`)
    }
    for (const { name, mebibytes, bytesPerJob } of tables) {
      console.log(
        `table ${name}: ${signed(mebibytes)} MiB in the second half, ${bytesPerJob.toFixed(0)} bytes a job`,
      )
    }
    const lags = samples.flatMap(({ lagMilliseconds }) => lagMilliseconds ?? [])
    console.log(`event-loop lag, p99: at most ${Math.max(0, ...lags)} ms`)
    console.log(
      `${kills.length} kills; ${accepted} jobs accepted, ${ended} ended, ${predictions} predictions`,
    )
    console.log(`retried errors: ${JSON.stringify(errors)}`)
    console.log(`lost: ${lost.length}, faults: ${faults.length}`)
    for (const fault of faults) console.log(`  ${fault}`)
    const grows = judgements.some(({ verdict }) => verdict === 'grows')
    if (lost.length > 0 || faults.length > 0 || grows) process.exitCode = 1
  } finally {
    await subject.stop()
  }
}

const signed = (value: number) => `${value >= 0 ? '+' : ''}${value.toFixed(1)}`

await main()
