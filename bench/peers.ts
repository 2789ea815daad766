/**
 * The engine against its peers, interleaved so that both meet the same machine:
 * `npm run bench -- peers [--json] [--backend wasm] [--workload W1,W4] [--threads 1] [--peers fann,libtorch] [--rounds 3]`.
 * Each round runs the engine, then every peer once; rates are medians over the rounds, ratios engine to peer. `threads` are
 * those of the engine and of the peers that have threads; the others are left out with more than one.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { backendIn, workloadsIn } from './engine.js'
import { Bench } from './measurement.js'
import {
  commandFor,
  isInstalled,
  type PeerCommand,
  type PeerName,
  peerNames,
  peersFolder,
} from './peer-commands.js'
import { type WorkloadName, workloads } from './workloads.js'

/** Runs of a peer in a round, after a warm-up of its own. */
const runsPerRound = 2

/** The median rate a peer reports; null, with the reason on stderr, if it fails. */
function rateOf({ peer, file, args }: PeerCommand, threads: number): number | null {
  const { stdout, stderr } = spawnSync(file, [...args], {
    cwd: peersFolder,
    encoding: 'utf8',
    env: {
      ...process.env,
      ATEN_CPU_CAPABILITY: 'avx512',
      OMP_NUM_THREADS: String(threads),
      OPENBLAS_NUM_THREADS: String(threads),
    },
  })
  const line = stdout?.split('\n').find((candidate) => candidate.startsWith('{"peer"'))
  const median: unknown = line === undefined ? null : JSON.parse(line).median
  if (typeof median === 'number') return median
  console.error(`${peer} failed: ${stderr?.trim().split('\n').at(-1) ?? 'it did not start'}`)
  return null
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

interface Comparison {
  readonly workload: WorkloadName
  readonly metric: string
  readonly backend: string
  readonly threads: number
  readonly engine: number
  readonly peers: Partial<Record<PeerName, { rate: number; ratio: number }>>
}

function compare(
  name: WorkloadName,
  chosen: readonly PeerName[],
  backend: string,
  threads: number,
  rounds: number,
): Comparison {
  const commands = chosen
    .map((peer) => commandFor(peer, name, threads, runsPerRound))
    .filter((command) => command !== null)
  const rates = new Map<PeerName, number[]>()
  const bench = new Bench(name, backendIn(backend), threads)
  for (let round = 0; round < rounds; round++) {
    bench.warmUp()
    for (let run = 0; run < runsPerRound; run++) bench.run()
    for (const command of commands) {
      const rate = rateOf(command, threads)
      if (rate !== null) rates.set(command.peer, [...(rates.get(command.peer) ?? []), rate])
    }
  }
  const own = bench.finish()
  const peers: Comparison['peers'] = {}
  for (const [peer, values] of rates)
    peers[peer] = { rate: middle(values), ratio: own.median / middle(values) }
  const { metric } = workloads[name]
  return { workload: name, metric, backend: own.backend, threads, engine: own.median, peers }
}

export function main(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      backend: { type: 'string', default: 'auto' },
      workload: { type: 'string' },
      peers: { type: 'string' },
      threads: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '3' },
    },
  })
  const wanted = values.peers?.split(',')
  const chosen = peerNames.filter((peer) => wanted === undefined || wanted.includes(peer))
  const installed = chosen.filter(isInstalled)
  const missing = chosen.filter((peer) => !installed.includes(peer))
  if (missing.length > 0)
    console.error(`not installed (${peersFolder}/run.sh installs them): ${missing.join(', ')}`)
  const threads = Number(values.threads)
  for (const name of workloadsIn(values.workload)) {
    const result = compare(name, installed, values.backend, threads, Number(values.rounds))
    if (values.json) {
      console.log(JSON.stringify(result))
      continue
    }
    const round = (rate: number) => Math.round(rate).toLocaleString('en')
    const others = Object.entries(result.peers).map(
      ([peer, { rate, ratio }]) => `${peer} ${round(rate)} (${ratio.toFixed(2)}×)`,
    )
    console.log(`${name} ${result.backend} ${round(result.engine)} ${result.metric}: ${others.join(', ')}`)
  }
}
