/**
 * The table of bench/README.md, measured anew, as Markdown: `npm run bench -- table [--workload W1,W4] [--threads 1] [--peers …]
 * [--rounds 3]`. By turns: native, wasm and reference (with more than one thread native alone, which has them), then the
 * peers; a row is printed when its workload is done.
 */
import { parseArgs } from 'node:util'
import { type Comparison, compare, installedPeers } from './comparison.js'
import { parseWorkloads } from './engine.js'
import type { MeasuredBackend } from './measurement.js'
import { peers } from './peer-commands.js'
import { computeRoofline, measurePeakRate } from './roofline.js'
import { type WorkloadName, workloads } from './workloads.js'

type Goals = Readonly<Record<WorkloadName, number | null>>

/** Ratios to the best peer that are to be reached. */
const goals: { readonly wasm: Goals; readonly native: Goals; readonly nativeThreads: Goals } = {
  wasm: { W1: 5, W2: 3, W3: 3.5, W4: 1, W5: 0.45, W6: 0.35, W7: 0.8, W8: 1, P1: 1, P2: 0.4 },
  native: { W1: 6, W2: 8, W3: 14, W4: 3.5, W5: 1.4, W6: 1.1, W7: 2.5, W8: 2.5, P1: 2, P2: 1.2 },
  nativeThreads: {
    W1: null,
    W2: null,
    W3: null,
    W4: 2.5,
    W5: 1.4,
    W6: 1.1,
    W7: 2.5,
    W8: 2.5,
    P1: null,
    P2: 1.1,
  },
}

const count = (rate: number) => (rate < 100 ? rate.toPrecision(3) : Math.round(rate).toLocaleString('en'))
const times = (ratio: number) => `${ratio < 2 ? ratio.toFixed(2) : ratio.toFixed(1)}×`

interface Best {
  readonly peer: string
  readonly rate: number
}

function best(comparison: Comparison, javaScript: boolean): Best | null {
  const [first] = [...comparison.peers]
    .filter(([peer]) => peers[peer].javaScript === javaScript)
    .map(([peer, rate]) => ({ peer, rate }))
    .toSorted((a, b) => b.rate - a.rate)
  return first ?? null
}

const shown = (peer: Best | null) => (peer === null ? '–' : `${peer.peer} ${count(peer.rate)}`)

function against(rate: number | undefined, peer: Best | null, goal: number | null): [string, string] {
  const ratio = rate === undefined || peer === null ? null : rate / peer.rate
  const missed = ratio !== null && goal !== null && ratio < goal
  return [
    ratio === null ? '–' : times(ratio),
    goal === null ? '–' : `≥ ${goal}×${missed ? ' **short**' : ''}`,
  ]
}

/** Headings with their cells. */
function row(name: WorkloadName, threads: number, comparison: Comparison, peak: number): [string, string][] {
  const native = best(comparison, false)
  const medianRate = (backend: string) =>
    comparison.engines.find((engine) => engine.backend === backend)?.median
  const [ratio, goal] = against(
    medianRate('native'),
    native,
    (threads === 1 ? goals.native : goals.nativeThreads)[name],
  )
  const roofline = computeRoofline(name, peak)
  const cells: [string, string][] = [['', `${name}, ${workloads[name].metric}`]]
  for (const { backend, median } of comparison.engines) cells.push([backend, count(median)])
  cells.push(['best native peer', shown(native)], ['native’s ratio', ratio], ['goal', goal])
  if (threads === 1) {
    const javaScript = best(comparison, true)
    const [wasmRatio, wasmGoal] = against(medianRate('wasm'), native, goals.wasm[name])
    const [wasmAhead] = against(medianRate('wasm'), javaScript, null)
    cells.push(['wasm’s ratio', wasmRatio], ['goal', wasmGoal])
    cells.push(['best JavaScript peer', shown(javaScript)], ['wasm’s ratio', wasmAhead])
  }
  cells.push(['roofline, 1 core', roofline === null ? '–' : count(roofline)])
  return cells
}

export function main(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: {
      workload: { type: 'string' },
      peers: { type: 'string' },
      threads: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '3' },
    },
  })
  const threads = Number(values.threads)
  const backends: readonly MeasuredBackend[] = threads === 1 ? ['native', 'wasm', 'reference'] : ['native']
  const installed = installedPeers(values.peers)
  const peak = measurePeakRate()
  console.error(`a large product reaches ${count(peak / 1e9)} GFLOP/s on one core`)
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  for (const [index, name] of parseWorkloads(values.workload).entries()) {
    const cells = row(name, threads, compare(name, backends, installed, threads, Number(values.rounds)), peak)
    if (index === 0) {
      console.log(line(cells.map(([heading]) => heading)))
      console.log(`|${'---|'.repeat(cells.length)}`)
    }
    console.log(line(cells.map(([, cell]) => cell)))
  }
}
