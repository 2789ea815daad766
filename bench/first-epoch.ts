/**
 * Latency from POST /jobs to the first epoch on the socket, on a warm service. The socket is opened after the answer to
 * POST. Prints a JSON line.
 */
import { submit, watch } from '../examples/client.js'
import { demonstrate } from '../examples/service.js'

const rounds = 50
const warmUp = 5

export const main = () =>
  demonstrate(async (url) => {
    const milliseconds: number[] = []
    for (let round = 0; round < warmUp + rounds; round++) {
      const begin = performance.now()
      const job = await submit(url, {
        dataset: 'xor',
        network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
        loss: 'binaryCrossentropy',
        epochs: 1,
      })
      for await (const message of watch(url, job)) {
        if (message.type !== 'epochs') continue
        if (round >= warmUp) milliseconds.push(performance.now() - begin)
      }
    }
    milliseconds.sort((a, b) => a - b)
    const at = (share: number) => Math.round(milliseconds[Math.floor(share * (rounds - 1))])
    console.log(
      JSON.stringify({
        benchmark: 'first-epoch',
        metric: 'milliseconds from POST /jobs to the first epoch on the socket',
        median: at(0.5),
        min: at(0),
        p95: at(0.95),
        max: at(1),
        runs: rounds,
      }),
    )
  })
