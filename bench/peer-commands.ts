/**
 * The peers and how each runs a workload: the scripts of ../shared/peers, or of DESCENT_SHARED, with what they installed under
 * PEERS_HOME. Nothing is installed here; a peer that is not there is left out, and said to be.
 */
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { WorkloadName } from './workloads.js'

export const peersFolder = path.resolve(process.env.DESCENT_SHARED ?? path.join('..', 'shared'), 'peers')
const home = process.env.PEERS_HOME ?? path.join(tmpdir(), 'peers')

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
}

interface Settings {
  readonly workload: WorkloadName
  readonly variant: string
  readonly scale: number
  readonly threads: number
  readonly runs: number
}

interface Peer {
  readonly javaScript: boolean
  /** Must exist for the peer to count as installed. */
  readonly needs: string
  /** Variants and share of the workload, by workload: what was fastest on the machine the goals were set on. */
  readonly runs: Partial<Record<WorkloadName, readonly [variant: string, scale: number]>>
  /** It can share the work among threads. */
  readonly threaded: boolean
  command(settings: Settings): [string, ...string[]]
}

/** Where a compiled one lies. */
export const binary = (name: string) => path.join(home, 'bin', name)
const npm = (name: string) => path.join(home, 'node_modules', name)
/** Debian's interpreter, which has Debian's packages. */
const python = '/usr/bin/python3'

function script(
  name: string,
  folder: string,
  runs: Partial<Record<WorkloadName, readonly [string, number]>>,
): Peer {
  return {
    javaScript: true,
    needs: npm(folder),
    runs,
    threaded: false,
    command: ({ workload, variant, scale, runs: count }) => [
      process.execPath,
      path.join(peersFolder, name),
      workload,
      ...(variant === '' ? [] : ['--variant', variant]),
      ...['--runs', String(count), '--scale', String(scale)],
    ],
  }
}

const daz = 'foreach+daz'

export const peers: Readonly<Record<PeerName, Peer>> = {
  fann: {
    javaScript: false,
    needs: binary('fann_peer'),
    runs: {
      W1: ['batch', 1],
      W2: ['batch', 1],
      W3: ['batch', 1],
      W4: ['incremental', 1],
      P1: ['run', 1],
      P2: ['run', 1],
    },
    threaded: false,
    command: ({ workload, variant, runs }) => [binary('fann_peer'), workload, String(runs), variant],
  },
  libtorch: {
    javaScript: false,
    needs: binary('torch_cpp'),
    runs: {
      W1: ['daz', 1],
      W2: ['daz', 1],
      W3: ['daz', 1],
      W4: ['daz', 1],
      W5: ['daz', 1],
      W6: ['daz', 1],
      W7: ['daz+cl', 1],
      W8: ['daz', 1],
      P1: ['daz', 1],
      P2: ['daz', 1],
    },
    threaded: true,
    command: ({ workload, variant, threads, runs }) => [
      binary('torch_cpp'),
      workload,
      String(threads),
      String(runs),
      variant,
    ],
  },
  pytorch: {
    javaScript: false,
    needs: '/usr/lib/python3/dist-packages/torch',
    runs: {
      W3: [daz, 1],
      W4: [daz, 1],
      W5: [daz, 1],
      W6: [daz, 1],
      W7: ['foreach+daz+cl', 1],
      W8: ['jit+daz', 1],
      P1: ['jit+daz', 1],
      P2: [daz, 1],
    },
    threaded: true,
    command: ({ workload, variant, scale, threads, runs }) => [
      python,
      path.join(peersFolder, 'torch_peer.py'),
      workload,
      ...['--threads', String(threads), '--variant', variant],
      ...['--runs', String(runs), '--scale', String(scale)],
    ],
  },
  jaxjs: script('jaxjs_peer.mjs', '@jax-js/jax', {
    W1: ['jit', 1],
    W2: ['jit', 1],
    W3: ['jit', 1],
    W4: ['jit', 0.2],
    W5: ['jit', 0.1],
    W6: ['jit', 0.1],
    W7: ['jit', 0.05],
    W8: ['jit', 0.05],
    P1: ['jit', 1],
    P2: ['jit', 1],
  }),
  brain: script('brain_peer.mjs', 'brain.js', {
    W1: ['sgd', 1],
    W2: ['sgd', 1],
    W3: ['sgd', 0.2],
    W4: ['sgd', 0.02],
    P1: ['sgd', 1],
    P2: ['sgd', 1],
  }),
  convnet: script('convnet_peer.mjs', 'convnetjs', {
    W1: ['', 1],
    W2: ['', 1],
    W3: ['', 0.2],
    W4: ['', 0.02],
    W5: ['', 0.01],
    W6: ['', 0.025],
    W7: ['', 0.02],
    P1: ['', 1],
    P2: ['', 1],
  }),
  'tfjs-wasm': script('tfjs_peer.mjs', '@tensorflow/tfjs', {
    W1: ['wasm', 0.1],
    W2: ['wasm', 0.2],
    W3: ['wasm', 0.2],
    W4: ['wasm', 0.05],
    W5: ['wasm', 0.05],
    W6: ['wasm', 0.05],
    P1: ['wasm', 1],
    P2: ['wasm', 1],
  }),
  'tfjs-cpu': script('tfjs_peer.mjs', '@tensorflow/tfjs', {
    W1: ['cpu', 0.1],
    W2: ['cpu', 0.2],
    W3: ['cpu', 0.05],
    W4: ['cpu', 0.01],
    W5: ['cpu', 0.01],
    W6: ['cpu', 0.025],
    W7: ['cpu', 0.0128],
    W8: ['cpu', 0.0128],
    P1: ['cpu', 0.1],
    P2: ['cpu', 1],
  }),
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
  return existsSync(peersFolder) && existsSync(peers[name].needs)
}

/** How the peer runs the workload, native ones with one thread pinned to one core; null if it does not. */
export function commandFor(
  name: PeerName,
  workload: WorkloadName,
  threads: number,
  runs: number,
): PeerCommand | null {
  const peer = peers[name]
  const settings = peer.runs[workload]
  if (settings === undefined || (threads > 1 && !peer.threaded)) return null
  const [variant, scale] = settings
  const command = peer.command({ workload, variant, scale, threads, runs })
  const [file, ...args] = peer.javaScript || threads > 1 ? command : ['taskset', '-c', '0', ...command]
  return { peer: name, file: file ?? '', args }
}
