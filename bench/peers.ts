/**
 * The engine against its peers, interleaved so that both meet the same machine:
 * `npm run bench -- peers [--json] [--backend wasm] [--workload W1,W4] [--threads 1] [--peers fann,libtorch] [--rounds 3]`.
 * Rates are medians over the rounds, ratios engine to peer. `threads` are those of the engine and of the peers that have
 * threads; the others are left out with more than one.
 */
import { parseArgs } from 'node:util'
import { compare, installedPeers } from './comparison.js'
import { parseBackend, parseWorkloads } from './engine.js'

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
  const installed = installedPeers(values.peers)
  const threads = Number(values.threads)
  const backend = parseBackend(values.backend)
  for (const name of parseWorkloads(values.workload)) {
    const { engines, peers } = compare(name, [backend], installed, threads, Number(values.rounds))
    for (const { backend, metric, median: engine } of engines) {
      const compared = [...peers].map(([peer, rate]) => ({ peer, rate, ratio: engine / rate }))
      if (values.json) {
        const byPeer = Object.fromEntries(compared.map(({ peer, ...rest }) => [peer, rest]))
        console.log(JSON.stringify({ workload: name, metric, backend, threads, engine, peers: byPeer }))
        continue
      }
      const round = (rate: number) => Math.round(rate).toLocaleString('en')
      const others = compared.map(({ peer, rate, ratio }) => `${peer} ${round(rate)} (${ratio.toFixed(2)}×)`)
      console.log(`${name} ${backend} ${round(engine)} ${metric}: ${others.join(', ')}`)
    }
  }
}
