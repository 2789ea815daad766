/** Trains, and waits for the end of a training. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallToolResult } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { jobRequestSchema } from '../contract/job-request.js'
import { parseAnswer, pathOf, type ServiceAnswer } from './service.js'
import { type Call, defineTool, idInput, isSuccess, toResult } from './tool.js'

/** Clients give up after a minute by default. */
const maximumWaitSeconds = 45
const pollMilliseconds = 250

const wait = z.number().min(0).max(maximumWaitSeconds)

const progressSchema = z.object({ id: z.string(), finishedAt: z.string().nullable() })

export const trainTool = defineTool({
  name: 'train',
  title: 'Train',
  description:
    'Starts a training. Returns the job when it has ended, or as it is after waitSeconds; wait_for_job then continues. ' +
    'A succeeded job has a modelId for predict.',
  effect: 'creates',
  input: jobRequestSchema.safeExtend({
    waitSeconds: wait.default(20).describe('time to wait for the end'),
  }),
  async run({ waitSeconds, ...body }, call) {
    const created = await call.ask({ method: 'POST', path: '/jobs', body }, call.signal)
    if (!isSuccess(created)) return toResult(created)
    return waited(progressSchema.parse(parseAnswer(created)).id, waitSeconds, call, created)
  },
})

export const waitTool = defineTool({
  name: 'wait_for_job',
  title: 'Wait for a job',
  description: 'Returns a job when it has ended, or as it is after waitSeconds.',
  effect: 'reads',
  input: z.strictObject({ job: idInput, waitSeconds: wait.default(maximumWaitSeconds) }),
  run: ({ job, waitSeconds }, call) => waited(job, waitSeconds, call),
})

async function waited(
  job: string,
  seconds: number,
  { ask, signal }: Call,
  created?: ServiceAnswer,
): Promise<CallToolResult> {
  const end = performance.now() + seconds * 1_000
  let answer = created
  do {
    if (answer !== undefined) await sleep(pollMilliseconds, undefined, { signal })
    answer = await ask({ method: 'GET', path: pathOf`/jobs/${job}` }, signal)
  } while (isSuccess(answer) && !hasEnded(answer) && performance.now() < end)
  return toResult(answer)
}

const hasEnded = (answer: ServiceAnswer) => progressSchema.parse(parseAnswer(answer)).finishedAt !== null
