/** The peers: their programs in bench/peers, and the variant and share of each workload. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { createTask, pairs } from './peer-task.js'
import type { WorkloadName } from './workloads.js'

const peersFolder = path.resolve('bench', 'peers')
/** Path of the compiled program of an installed peer. */
export const peerProgram = (name: string) => path.join(peersFolder, 'build', name)

export type PeerName =
  | 'fann'
  | 'libtorch'
  | 'pytorch'
  | 'jaxjs'
  | 'brain'
  | 'convnet'
  | 'tfjs-wasm'
  | 'tfjs-cpu'

export interface PeerCommand {
  readonly peer: PeerName
  readonly file: string
  readonly args: readonly string[]
  /** Steps, samples, calls or rows of one run. */
  readonly work: number
}

interface Peer {
  readonly javaScript: boolean
  /** Exists if the peer is installed. */
  readonly needs: string
  readonly command: readonly [string, ...string[]]
  /** Variant and share per workload: the fastest on the machine of the goals. */
  readonly runs: Partial<Record<WorkloadName, readonly [variant: string, share: number]>>
  /** Whether it supports threads. */
  readonly threaded: boolean
}

/** Shares of workloads in one variant. */
function inVariant(
  variant: string,
  shares: Partial<Record<WorkloadName, number>>,
): Partial<Record<WorkloadName, readonly [string, number]>> {
  return Object.fromEntries(Object.entries(shares).map(([name, share]) => [name, [variant, share]]))
}

function javaScriptPeer(program: string, folder: string, runs: Peer['runs']): Peer {
  return {
    javaScript: true,
    needs: path.join(peersFolder, 'node_modules', folder),
    command: [process.execPath, path.join(peersFolder, program)],
    runs,
    threaded: false,
  }
}

const whole = { W1: 1, W2: 1, W3: 1, W4: 1, W5: 1, W6: 1, W7: 1, W8: 1, P1: 1, P2: 1 }

export const peers: Readonly<Record<PeerName, Peer>> = {
  fann: {
    javaScript: false,
    needs: peerProgram('fann'),
    command: [peerProgram('fann')],
    runs: { ...inVariant('batch', { W1: 1, W2: 1, W3: 1, P1: 1, P2: 1 }), W4: ['incremental', 1] },
    threaded: false,
  },
  libtorch: {
    javaScript: false,
    needs: peerProgram('libtorch'),
    command: [peerProgram('libtorch')],
    runs: { ...inVariant('plain', whole), W7: ['channels-last', 1] },
    threaded: true,
  },
  pytorch: {
    javaScript: false,
    needs: '/usr/lib/python3/dist-packages/torch',
    // Debian's interpreter finds Debian's packages.
    command: ['/usr/bin/python3', path.join(peersFolder, 'pytorch.py')],
    runs: {
      ...inVariant('plain', { W3: 1, W4: 1, W5: 1, W6: 1, P2: 1 }),
      ...inVariant('jit', { W8: 1, P1: 1 }),
      W7: ['channels-last', 1],
    },
    threaded: true,
  },
  jaxjs: javaScriptPeer(
    'jaxjs.mjs',
    '@jax-js/jax',
    inVariant('', { ...whole, W4: 0.2, W5: 0.1, W6: 0.1, W7: 0.05, W8: 0.05 }),
  ),
  brain: javaScriptPeer(
    'brain.mjs',
    'brain.js',
    inVariant('', { W1: 1, W2: 1, W3: 0.2, W4: 0.02, P1: 0.1, P2: 1 }),
  ),
  convnet: javaScriptPeer(
    'convnet.mjs',
    'convnetjs',
    inVariant('', { W1: 1, W2: 1, W3: 0.2, W4: 0.02, W5: 0.01, W6: 0.025, W7: 0.02, P1: 0.1, P2: 1 }),
  ),
  'tfjs-wasm': javaScriptPeer(
    'tfjs.mjs',
    '@tensorflow/tfjs',
    inVariant('wasm', { W1: 0.1, W2: 0.2, W3: 0.2, W4: 0.05, W5: 0.05, W6: 0.05, P1: 1, P2: 1 }),
  ),
  'tfjs-cpu': javaScriptPeer(
    'tfjs.mjs',
    '@tensorflow/tfjs',
    inVariant('cpu', {
      W1: 0.1,
      W2: 0.2,
      W3: 0.05,
      W4: 0.01,
      W5: 0.01,
      W6: 0.025,
      W7: 0.0128,
      W8: 0.0128,
      P1: 0.1,
      P2: 1,
    }),
  ),
}

export const peerNames: readonly PeerName[] = [
  'fann',
  'libtorch',
  'pytorch',
  'jaxjs',
  'brain',
  'convnet',
  'tfjs-wasm',
  'tfjs-cpu',
]

export function isInstalled(name: PeerName): boolean {
  return existsSync(peers[name].needs)
}

/** The command of a workload; null if the peer does not support it. Pins native peers with one thread to a core. */
export function commandFor(
  name: PeerName,
  workload: WorkloadName,
  threads: number,
  runs: number,
): PeerCommand | null {
  const peer = peers[name]
  const settings = peer.runs[workload]
  if (settings === undefined || (threads > 1 && !peer.threaded)) return null
  const [variant, share] = settings
  const task = createTask(workload, share)
  const command = [...peer.command, ...task.arguments, ...pairs({ variant, threads, runs })]
  const [file = '', ...args] = peer.javaScript || threads > 1 ? command : ['taskset', '-c', '0', ...command]
  return { peer: name, file, args, work: task.work }
}
