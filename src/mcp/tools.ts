/** The tools of the service, each over routes of the HTTP API. */
import { z } from 'zod'
import { jobRequestSchema } from '../contract/job-request.js'
import { sweepRequestSchema } from '../contract/sweep.js'
import { curveTool } from './curve.js'
import { exportTool } from './export-tool.js'
import { pathOf, queryOf } from './service.js'
import { idInput, requestTool, type Tool } from './tool.js'
import { trainTool, waitTool } from './train.js'

const page = {
  limit: z.int().min(1).max(100).optional().describe('items, 20 by default'),
  after: idInput.optional().describe('the id of the last item of the page before'),
}

const list = (kind: 'datasets' | 'jobs' | 'models' | 'sweeps', description: string): Tool =>
  requestTool({
    name: `list_${kind}`,
    title: `List ${kind}`,
    description,
    effect: 'reads',
    input: z.strictObject(page),
    request: (query) => ({ method: 'GET', path: `/${kind}${queryOf(query)}` }),
  })

const reading: readonly Tool[] = [
  list('datasets', 'Lists stored and built-in datasets with their columns, newest first.'),
  requestTool({
    name: 'get_dataset',
    title: 'Get a dataset',
    description: 'Returns the columns of a dataset, their types and values, and warnings about them.',
    effect: 'reads',
    input: z.strictObject({ dataset: idInput.describe('a ds_… id, or the name of a built-in such as iris') }),
    request: ({ dataset }) => ({ method: 'GET', path: pathOf`/datasets/${dataset}` }),
  }),
  requestTool({
    name: 'get_rows',
    title: 'Get rows',
    description: 'Returns rows of a dataset.',
    effect: 'reads',
    input: z.strictObject({
      dataset: idInput,
      limit: z.int().min(1).max(100).default(10),
      offset: z.int().min(0).default(0),
    }),
    request: ({ dataset, ...query }) => ({
      method: 'GET',
      path: `${pathOf`/datasets/${dataset}/rows`}${queryOf(query)}`,
    }),
  }),
  list('jobs', 'Lists trainings with their status and last losses, newest first.'),
  requestTool({
    name: 'get_job',
    title: 'Get a job',
    description: 'Returns a training: status, epoch, metrics, model id, error.',
    effect: 'reads',
    input: z.strictObject({ job: idInput }),
    request: ({ job }) => ({ method: 'GET', path: pathOf`/jobs/${job}` }),
  }),
  requestTool({
    name: 'validate_job',
    title: 'Check a training',
    description: 'Checks the spec of a training without starting it, and estimates its parameters and time.',
    effect: 'reads',
    input: jobRequestSchema,
    request: (body) => ({ method: 'POST', path: '/jobs/validate', body }),
  }),
  requestTool({
    name: 'diagnose_job',
    title: 'Diagnose a training',
    description: 'Says what goes wrong in a training, why it matters, and which change of the spec may help.',
    effect: 'reads',
    input: z.strictObject({ job: idInput }),
    request: ({ job }) => ({ method: 'GET', path: pathOf`/jobs/${job}/diagnosis` }),
  }),
  list('models', 'Lists models, newest first.'),
  requestTool({
    name: 'get_model',
    title: 'Get a model',
    description: 'Returns a model: columns, layers, evaluation on its validation rows.',
    effect: 'reads',
    input: z.strictObject({ model: idInput }),
    request: ({ model }) => ({ method: 'GET', path: pathOf`/models/${model}` }),
  }),
  requestTool({
    name: 'predict',
    title: 'Predict',
    description: 'Predicts for rows: objects by column name, or lists of values in the order of the columns.',
    effect: 'reads',
    input: z.strictObject({
      model: idInput.describe('an id, name@alias or name@version'),
      inputs: z.array(z.unknown()).min(1).max(1_000),
    }),
    request: ({ model, inputs }) => ({
      method: 'POST',
      path: pathOf`/models/${model}/predict`,
      body: { inputs },
    }),
  }),
  requestTool({
    name: 'get_sweep',
    title: 'Get a sweep',
    description: 'Returns the progress of a sweep and its best points.',
    effect: 'reads',
    input: z.strictObject({ sweep: idInput }),
    request: ({ sweep }) => ({ method: 'GET', path: pathOf`/sweeps/${sweep}` }),
  }),
  list('sweeps', 'Lists sweeps, newest first.'),
  requestTool({
    name: 'get_limits',
    title: 'Get the limits',
    description: 'Returns the limits of the tenant, and what it uses.',
    effect: 'reads',
    input: z.strictObject({}),
    request: () => ({ method: 'GET', path: '/limits' }),
  }),
]

const creating: readonly Tool[] = [
  requestTool({
    name: 'upload_dataset',
    title: 'Upload a dataset',
    description: 'Stores rows as a dataset. The first line has the names of the columns.',
    effect: 'creates',
    input: z.strictObject({
      csv: z.string().min(1).describe('rows as CSV'),
      name: z.string().min(1).max(200),
      target: z.string().min(1).optional().describe('the column to predict; the last one by default'),
    }),
    request: ({ csv, ...query }) => ({
      method: 'POST',
      path: `/datasets${queryOf(query)}`,
      body: fileForm('rows.csv', csv),
    }),
  }),
  requestTool({
    name: 'start_sweep',
    title: 'Start a sweep',
    description: 'Starts many trainings of one spec, each with other values in some places, and ranks them.',
    effect: 'creates',
    input: sweepRequestSchema,
    request: (body) => ({ method: 'POST', path: '/sweeps', body }),
  }),
]

const removal = (kind: 'dataset' | 'job' | 'model', description: string): Tool =>
  requestTool({
    name: `delete_${kind}`,
    title: `Delete a ${kind}`,
    description,
    effect: 'deletes',
    input: z.strictObject({ id: idInput }),
    request: (input) => ({ method: 'DELETE', path: `/${kind}s${pathOf`/${input.id}`}` }),
  })

const ending: readonly Tool[] = [
  requestTool({
    name: 'cancel_job',
    title: 'Cancel a job',
    description: 'Ends a queued, running or paused training without a model. It cannot be resumed.',
    effect: 'deletes',
    input: z.strictObject({ job: idInput }),
    request: ({ job }) => ({ method: 'POST', path: pathOf`/jobs/${job}/cancel` }),
  }),
  requestTool({
    name: 'cancel_sweep',
    title: 'Cancel a sweep',
    description: 'Ends a sweep and its unfinished trainings. It cannot be resumed.',
    effect: 'deletes',
    input: z.strictObject({ sweep: idInput }),
    request: ({ sweep }) => ({ method: 'POST', path: pathOf`/sweeps/${sweep}/cancel` }),
  }),
  removal('dataset', 'Deletes a dataset that no unfinished job uses. It cannot be restored.'),
  removal('job', 'Deletes a finished job with its epochs. Its model is kept. It cannot be restored.'),
  removal('model', 'Deletes a model. It cannot be restored.'),
]

/** A form with one file (RFC 7578). */
function fileForm(name: string, text: string): { type: string; bytes: Buffer } {
  // Not in the text, so that it ends the file and nothing before.
  let boundary = 'file'
  while (text.includes(boundary)) boundary += boundary.length
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\n\r\n`
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    bytes: Buffer.from(`${head}${text}\r\n--${boundary}--\r\n`),
  }
}

export const tools: readonly Tool[] = [
  ...reading,
  ...creating,
  trainTool,
  waitTool,
  curveTool,
  exportTool,
  ...ending,
]
