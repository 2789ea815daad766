/**
 * Effect of one of twenty tenants on another: `npm run bench -- adversary [--only rows,floods] [--together] [--rounds 50]`.
 * Compares the median latency of an ordinary tenant under each attack, and under all, with that before and after it. The goal is
 * a ratio below 2.
 */
import { constants, setPriority } from 'node:os'
import { parseArgs } from 'node:util'
import { attacks } from './adversary/attacks.js'
import { medianLatency } from './adversary/ordinary-tenant.js'
import { makeTenants } from './adversary/tenants.js'
import { type Comparison, startTrial, trialSettings } from './adversary/trial.js'
import { startProcesses } from './processes.js'

const goal = 2

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      together: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '50' },
    },
  })
  const all = Object.keys(attacks)
  const names = values.only?.split(',') ?? all
  const unknown = names.find((name) => !all.includes(name))
  if (unknown !== undefined) throw new Error(`Unknown attack ${unknown}. The attacks are ${all.join(', ')}.`)
  const processes = await startProcesses({ environment: trialSettings })
  try {
    const trial = await startTrial(processes.url, await makeTenants(processes.postgres.connectionString))
    try {
      preferOwnProcess()
      const rounds = Number(values.rounds)
      console.log(
        '| attack | before | during | ratio | create | read | predict | list | training | refused | attacks/s |',
      )
      console.log('|---|---|---|---|---|---|---|---|---|---|---|')
      if (!values.together) {
        for (const name of names) console.log(formatRow(await trial.compare(name, [name], rounds)))
      }
      if (names.length > 1) console.log(formatRow(await trial.compare('all at once', names, rounds)))
    } finally {
      await trial.stop()
    }
  } finally {
    await processes.stop()
  }
}

/**
 * The measured tenant has another machine, so its process does not wait for the processors of this one. Raising the
 * priority needs a privilege on Linux.
 */
function preferOwnProcess(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGH)
  } catch {
    console.log(
      'The process of the other tenant has no permission for a high priority, so it waits for processors too.',
    )
  }
}

function formatRow({
  name,
  attacksPerSecond,
  undisturbed,
  attacked,
  ratio,
  ratios,
  trainingRatio,
}: Comparison): string {
  const cells = [
    name,
    `${medianLatency(undisturbed).toFixed(1)} ms`,
    `${medianLatency(attacked).toFixed(1)} ms`,
    `${ratio.toFixed(2)}${ratio < goal ? '' : ' **over**'}`,
    ...Object.values(ratios).map((each) => each.toFixed(2)),
    trainingRatio.toFixed(1),
    String(attacked.refusals.length),
    attacksPerSecond.toFixed(1),
  ]
  return `| ${cells.join(' | ')} |`
}
