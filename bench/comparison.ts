/** Compares backends and peers on a workload, interleaved, so that all run under the same conditions. */
import { spawnSync } from 'node:child_process'
import { z } from 'zod'
import { loadAddon, unavailableReason } from '../src/engine/kernels/native/addon.js'
import { Bench, type MeasuredBackend, type Measurement } from './measurement.js'
import { commandFor, isInstalled, type PeerCommand, type PeerName, peerNames } from './peer-commands.js'
import type { WorkloadName } from './workloads.js'

/** Measured runs of a peer per round, after its warm-up. */
const runsPerRound = 2

export interface Comparison {
  readonly engines: readonly Measurement[]
  /** Work per second, the median over the rounds. */
  readonly peers: ReadonlyMap<PeerName, number>
}

/** The installed peers of a list like fann,libtorch, or of all. Reports missing ones on stderr. */
export function installedPeers(list: string | undefined): PeerName[] {
  const wanted = list?.split(',')
  const chosen = peerNames.filter((peer) => wanted === undefined || wanted.includes(peer))
  const installed = chosen.filter(isInstalled)
  const missing = chosen.filter((peer) => !installed.includes(peer))
  if (missing.length > 0)
    console.error(`not installed, not measured: ${missing.join(', ')} (npm run bench:peers:install)`)
  return installed
}

/** PyTorch does not select AVX-512 on every processor that has it, and crashes if it is forced on others. */
function widestVectors(): { ATEN_CPU_CAPABILITY?: string } {
  const wide = unavailableReason() === null && loadAddon().variant === 'avx512'
  return wide ? { ATEN_CPU_CAPABILITY: 'avx512' } : {}
}

/** The line that each peer prints. */
export const timesSchema = z.object({ seconds: z.array(z.number().positive()) })

/** The peer's work per second, the median of its runs; null, with the reason on stderr, if it fails. */
function measureRate({ peer, file, args, work }: PeerCommand, threads: number): number | null {
  const { stdout, stderr, signal } = spawnSync(file, [...args], {
    encoding: 'utf8',
    env: {
      ...process.env,
      ...widestVectors(),
      OMP_NUM_THREADS: String(threads),
      OPENBLAS_NUM_THREADS: String(threads),
    },
  })
  const line = stdout?.split('\n').find((candidate) => candidate.startsWith('{"peer"'))
  if (line !== undefined) {
    const { seconds } = timesSchema.parse(JSON.parse(line))
    // Of two runs the faster one, as for the engine.
    return median(seconds.map((time) => work / time))
  }
  const reason = signal ?? stderr?.trim().split('\n').at(-1) ?? 'it did not start'
  console.error(`${peer} failed: ${reason}`)
  return null
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** Each round runs every backend, then every peer once. */
export function compare(
  name: WorkloadName,
  backends: readonly MeasuredBackend[],
  peers: readonly PeerName[],
  threads: number,
  rounds: number,
): Comparison {
  const commands = peers
    .map((peer) => commandFor(peer, name, threads, runsPerRound))
    .filter((command) => command !== null)
  const rates = new Map<PeerName, number[]>()
  const benches = backends.map((backend) => new Bench(name, backend, threads))
  for (let round = 0; round < rounds; round++) {
    for (const bench of benches) {
      bench.warmUp()
      for (let run = 0; run < runsPerRound; run++) bench.run()
    }
    for (const command of commands) {
      const rate = measureRate(command, threads)
      if (rate !== null) rates.set(command.peer, [...(rates.get(command.peer) ?? []), rate])
    }
  }
  return {
    engines: benches.map((bench) => bench.finish()),
    peers: new Map([...rates].map(([peer, values]) => [peer, median(values)])),
  }
}
