/** Receipts of finished runs, signed with Ed25519 (RFC 8032). */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import type { Job } from '../contract/job.js'
import { isFinished } from '../contract/job-status.js'
import { Problem } from '../contract/problems.js'
import type { Receipt, ReceiptCheck, ReceiptCheckRequest } from '../contract/receipt.js'
import { release } from '../contract/release.js'
import type { DatasetStore } from './ports/datasets.js'
import type { ReceiptKeys } from './ports/receipt-keys.js'
import { compareRuns, type DifferenceDependencies, hashSnapshots } from './run-difference.js'
import { sortMembers } from './run-identity.js'

interface ReceiptDependencies extends DifferenceDependencies {
  datasets: Pick<DatasetStore, 'get'>
  keys: ReceiptKeys
}

/** Epochs that are hashed without a pause. */
const epochsAtOnce = 10_000

/** @throws Problem `not-found`, or `job-active` if the job has not ended */
export async function receiptOf(dependencies: ReceiptDependencies, id: string): Promise<Receipt> {
  const [job] = await dependencies.jobs.getMany([id])
  if (job === undefined) throw new Problem('not-found', `There is no job ${id}.`)
  if (!isFinished(job.status)) throw new Problem('job-active', `The job is ${job.status}: wait for its end.`)
  const receipt: Receipt['receipt'] = JSON.parse(JSON.stringify(await describeRun(dependencies, job)))
  const key = createPrivateKey(await readKey(dependencies.keys))
  const signature = sign(null, Buffer.from(canonical(receipt)), key).toString('base64')
  return { object: 'receipt', receipt, publicKey: publicKeyOf(key), signature }
}

async function describeRun(dependencies: ReceiptDependencies, job: Job) {
  const { models, epochs, snapshots } = dependencies
  const { spec, changes, backend, backendDetail, status, modelId, verifies } = job
  const model = modelId === null ? null : await models.get(modelId)
  const weights = [...(await hashSnapshots(snapshots, job))].map(([epoch, sha256]) => ({ epoch, sha256 }))
  return {
    ...{ job: job.id, status, issuedAt: new Date().toISOString(), release, backend, backendDetail },
    ...{ spec, changes: changes.map(({ at: _, ...change }) => change) },
    dataset: await describeData(dependencies, spec.dataset),
    validationDataset:
      spec.validationDataset === undefined ? null : await describeData(dependencies, spec.validationDataset),
    epochs: job.epoch,
    metricsSha256: await hashMetrics(epochs, job),
    snapshots: weights,
    model: model === null ? null : { epoch: model.epoch, sha256: model.weightSha256 },
    verification: verifies === null ? null : await describeVerification(dependencies, job.id, verifies),
  }
}

/** The content of a built-in is determined by its name and the release. */
async function describeData({ datasets }: ReceiptDependencies, name: Job['spec']['dataset']) {
  const stored = typeof name === 'string' ? await datasets.get(name) : null
  return { name, sha256: stored?.sha256 ?? null }
}

async function hashMetrics(epochs: ReceiptDependencies['epochs'], { id, epoch }: Job): Promise<string> {
  const hash = createHash('sha256')
  for (let after = 0; after < epoch; after += epochsAtOnce) {
    const { metrics } = await epochs.readPacked(id, after, Math.min(epochsAtOnce, epoch - after))
    hash.update(new Uint8Array(metrics.buffer, metrics.byteOffset, metrics.byteLength))
  }
  return hash.digest('hex')
}

/** Null if the other job was deleted. */
async function describeVerification(dependencies: ReceiptDependencies, id: string, other: string) {
  const difference = await compareRuns(dependencies, [other, id]).catch((error: unknown) => {
    if (error instanceof Problem) return null
    throw error
  })
  return difference && { of: other, equal: difference.equal, firstEpoch: difference.firstEpoch }
}

/** The public key of this service. */
export async function receiptKey(keys: ReceiptKeys): Promise<string> {
  return publicKeyOf(createPrivateKey(await readKey(keys)))
}

/** @throws Problem `invalid-request` if the key is no Ed25519 key */
export async function checkReceipt(keys: ReceiptKeys, given: ReceiptCheckRequest): Promise<ReceiptCheck> {
  const { receipt, publicKey, signature } = given
  const key = readPublicKey(publicKey)
  const valid = verify(null, Buffer.from(canonical(receipt)), key, Buffer.from(signature, 'base64'))
  return { object: 'receiptCheck', valid, own: publicKey === (await receiptKey(keys)) }
}

function readPublicKey(text: string) {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' })
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Reported below.
  }
  const message = 'must be an Ed25519 key (SPKI, DER, base64)'
  throw new Problem('invalid-request', `/publicKey: ${message}.`, [{ pointer: '/publicKey', message }])
}

const readKey = (keys: ReceiptKeys) =>
  keys.read(() =>
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  )

const publicKeyOf = (key: Parameters<typeof createPublicKey>[0] & object) =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64')

const canonical = (receipt: Receipt['receipt']) => JSON.stringify(receipt, sortMembers)
