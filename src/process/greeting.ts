/** What `npm start` prints when the service is ready. */
import { networkInterfaces } from 'node:os'

const everyAddress = new Set(['0.0.0.0', '::'])

/** Addresses of this machine in its networks, IPv4 only: they are typed by hand. */
function networkAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
}

/**
 * The addresses under which others reach the service.
 * @param listening http://host:port of the server, which names one of its addresses
 * @param host the setting HOST
 */
export function reachableAddresses(listening: string, host: string, found = networkAddresses()): string[] {
  if (!everyAddress.has(host) || found.length === 0) return [listening]
  const { port } = new URL(listening)
  return found.map((address) => `http://${address}:${port}`)
}

export function greeting(listening: string, host: string, needsKey: boolean, found?: string[]): string {
  const [address, ...others] = reachableAddresses(listening, host, found)
  const also = others.map((each) => `\n                        ${each}`).join('')
  const key = needsKey ? `-H "authorization: Bearer $DESCENT_KEY" ` : ''
  const keyHint = needsKey ? '\nRequests need a key: npm run keys -- create shows one.\n' : ''
  return `
Descent is listening on ${address}   (open it in a browser; documentation: ${address}/docs)${also}
${keyHint}
Train a network on XOR:

  curl ${address}/jobs ${key}-H 'content-type: application/json' -d '{
    "dataset": "xor", "loss": "binaryCrossentropy", "epochs": 500,
    "network": {"layers": [{"type": "dense", "units": 4, "activation": "tanh"},
                           {"type": "dense", "units": 1, "activation": "sigmoid"}]},
    "optimizer": {"type": "adam", "learningRate": 0.05}}'

Ctrl-C stops everything.
`
}
