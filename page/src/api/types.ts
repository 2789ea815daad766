/** Names for the types of the API, all derived from the service's OpenAPI document. */
import type { components, paths } from '../generated/api.js'

type Body<Response> = Response extends { content: { 'application/json': infer Value } } ? Value : never

/** Response body of an operation that succeeds. */
export type Success<Operation> = Operation extends { responses: infer Responses }
  ? Body<Responses[keyof Responses & (200 | 201 | 202)]>
  : never

/** Request body of an operation. */
export type RequestBody<Operation> = Operation extends { requestBody?: infer Request }
  ? Body<NonNullable<Request>>
  : never

export type Job = Success<paths['/jobs/{id}']['get']>
export type JobSpec = Job['spec']
export type JobStatus = Job['status']
export type JobRequest = RequestBody<paths['/jobs']['post']>
export type JobValidation = Success<paths['/jobs/validate']['post']>
type NetworkRequest = Exclude<NonNullable<JobRequest['network']>, 'auto'>
export type LayerRequest = NetworkRequest['layers'][number]
export type Diagnosis = Success<paths['/jobs/{id}/diagnosis']['get']>
export type Finding = Diagnosis['findings'][number]
export type EpochStatistics = Success<paths['/jobs/{id}/statistics']['get']>['data'][number]
export type LayerStatistics = EpochStatistics['layers'][number]
export type Epoch = Success<paths['/jobs/{id}/epochs']['get']>['data'][number]
export type Model = Success<paths['/models/{id}']['get']>
export type Evaluation = NonNullable<Model['evaluation']>
export type LayerSummary = Model['layers'][number]
export type Prediction = NonNullable<Success<paths['/models/{id}/predict']['post']>['predictions'][number]>
export type RegisteredModel = Success<paths['/registry/{name}']['get']>
export type ModelVersion = Success<paths['/registry/{name}/versions/{version}']['get']>
export type Alias = RegisteredModel['aliases'][number]
export type AliasMove = Success<paths['/registry/{name}/aliases/{alias}/history']['get']>['data'][number]
export type TestEvaluation = Success<paths['/jobs/{id}/test']['post']>
export type Repeats = Success<paths['/jobs/{id}/repeats']['get']>
export type Sweep = Success<paths['/sweeps/{id}']['get']>
export type SweepRequest = RequestBody<paths['/sweeps']['post']>
export type SweepSummary = Success<paths['/sweeps']['get']>['data'][number]
export type Trial = Success<paths['/sweeps/{id}/trials']['get']>['data'][number]
export type Dataset = Success<paths['/datasets/{id}']['get']>
export type Preview = Success<paths['/datasets/preview']['post']>
export type DatasetRows = Success<paths['/jobs/{id}/rows']['get']>
export type WorstRows = Success<paths['/jobs/{id}/rows/worst']['get']>
export type Importance = Success<paths['/jobs/{id}/importance']['get']>
export type Dependence = Success<paths['/jobs/{id}/dependence']['get']>
export type Column = Dataset['columns'][number]
export type Workshop = Success<paths['/workshops']['get']>['data'][number]
export type Participant = Success<paths['/workshop']['get']>['participants'][number]

export type StreamMessage = components['schemas']['StreamMessage']
export type JobsStreamMessage = components['schemas']['JobsStreamMessage']
export type SweepMessage = components['schemas']['SweepMessage']
export type ClientMessage = components['schemas']['ClientMessage']
export type Boundary = Extract<StreamMessage, { type: 'boundary' }>
