/** Names for the types of the API, all derived from the service's OpenAPI document. */
import type { components } from '../../../sdk/src/generated/api.js'

type Body<Response> = Response extends { content: { 'application/json': infer Value } } ? Value : never

/** Response body of an operation that succeeds. */
export type Success<Operation> = Operation extends { responses: infer Responses }
  ? Body<Responses[keyof Responses & (200 | 201 | 202)]>
  : never

/** Request body of an operation. */
export type RequestBody<Operation> = Operation extends { requestBody?: infer Request }
  ? Body<NonNullable<Request>>
  : never

type Schemas = components['schemas']

export type Job = Schemas['Job']
export type JobSpec = Schemas['JobSpec']
export type JobStatus = Schemas['JobStatus']
export type JobRequest = Schemas['JobRequest']
export type JobValidation = Schemas['JobValidation']
export type LayerRequest = Schemas['LayerInput']
export type Diagnosis = Schemas['Diagnosis']
export type Finding = Schemas['Finding']
export type EpochStatistics = Schemas['EpochStatistics']
export type LayerStatistics = Schemas['LayerStatistics']
export type Epoch = Schemas['Epoch']
export type Model = Schemas['EvaluatedModel']
export type Evaluation = Schemas['Evaluation']
export type LayerSummary = Schemas['LayerSummary']
export type Prediction = Schemas['Prediction']
export type RegisteredModel = Schemas['RegisteredModel']
export type ModelVersion = Schemas['ModelVersion']
export type Alias = Schemas['Alias']
export type AliasMove = Schemas['AliasMove']
export type TestEvaluation = Schemas['TestEvaluation']
export type Repeats = Schemas['Repeats']
export type Sweep = Schemas['Sweep']
export type SweepRequest = Schemas['SweepRequest']
export type SweepSummary = Schemas['SweepSummary']
export type Trial = Schemas['Trial']
export type Dataset = Schemas['Dataset']
export type Preview = Schemas['DatasetPreview']
export type DatasetRows = Schemas['DatasetRows']
export type WorstRows = Schemas['WorstRows']
export type Importance = Schemas['Importance']
export type Dependence = Schemas['Dependence']
export type Column = Schemas['Column']
export type Workshop = Schemas['Workshop']
export type ShareLink = Schemas['ShareLink']
export type NewShareLink = Schemas['NewShareLink']
export type Membership = Schemas['Membership']
export type Participant = Schemas['Participant']
export type StreamMessage = Schemas['StreamMessage']
export type JobsStreamMessage = Schemas['JobsStreamMessage']
export type SweepMessage = Schemas['SweepMessage']
export type ClientMessage = Schemas['ClientMessage']
export type Boundary = Schemas['BoundaryStreamMessage']
