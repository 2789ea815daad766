/** The state of the playground: the settings, the points, and the training that they started. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import { useQuery } from '../components/use-query.js'
import { useRun } from '../use-run.js'
import { rowsOf, type Shape } from './data.js'
import { networkOf } from './network.js'
import { readOwnFile } from './own-file.js'
import { maximumPoints, roundPoint } from './points.js'
import { recall, remember } from './remembered.js'
import { requestFrom } from './request.js'
import { type Settings, withShape } from './settings.js'
import { useAddress } from './use-address.js'
import { useHeldOut } from './use-held-out.js'
import { useRepeat } from './use-repeat.js'
import { framePoints, useTime } from './use-time.js'

interface Shown {
  jobId: string | null
  /** The epoch at which its replay stops; null to play to its end. */
  first: number | null
  /** The body of the request that started it; null for a run of an earlier visit. */
  request: string | null
}

const nothing: Shown = { jobId: null, first: null, request: null }

/** @param argument the settings in the address */
export function usePlayground(argument: string) {
  const [recalled] = useState(() => recall(argument))
  const [settings, setSettings] = useState<Settings>(recalled.settings)
  const [clicked, setClicked] = useState(recalled.clicked)
  const [ignored, setIgnored] = useState(recalled.ignored)
  const [note, setNote] = useState<string | null>(null)
  const [brush, setBrush] = useState<'0' | '1'>('0')
  const [speed, setSpeed] = useState(1)
  const [{ jobId, first, request }, setShown] = useState<Shown>({ ...nothing, jobId: recalled.jobId })
  const [problem, setProblem] = useState<Problem | null>(null)
  const [starting, setStarting] = useState(false)
  const { shape, noise, dataSeed } = settings
  const own = useQuery(shape === 'file' ? settings.file : null, (client) =>
    readOwnFile(client, settings.file ?? ''),
  )
  const generated = useMemo(
    () => rowsOf({ shape, noise, dataSeed }, clicked),
    [shape, noise, dataSeed, clicked],
  )
  const rows = own.value?.rows ?? generated
  const run = useRun(jobId, framePoints)
  const time = useTime(jobId, run, speed, first)
  const { job } = run
  const model = useQuery(job?.modelId ?? null, (client) => client.models.get(job?.modelId ?? '')).value
  const repeat = useRepeat(
    model === null || jobId === null || request === null
      ? null
      : { jobId, request, weights: model.weightSha256 },
  )
  const heldOut = useHeldOut(job)
  const network = time.frame === undefined || job === null ? null : networkOf(time.frame, job.spec)
  const isActive = job !== null && job.finishedAt === null

  useEffect(() => remember({ settings, clicked }, jobId), [settings, clicked, jobId])
  // The run of an earlier visit was deleted, or belongs to another key.
  useEffect(() => {
    if (run.connection === 'rejected' && job === null) setShown(nothing)
  }, [run.connection, job])
  useAddress({ settings, clicked }, (entered) => {
    const state = recall(entered)
    setSettings(state.settings)
    setClicked(state.clicked)
    setIgnored(state.ignored)
    setShown({ ...nothing, jobId: state.jobId })
  })

  /** Changes settings. Clears the result if the data change. */
  const change = (part: Partial<Settings>) => {
    if (part.noise !== undefined || part.dataSeed !== undefined) setShown(nothing)
    setSettings((before) => ({ ...before, ...part }))
    setNote(null)
  }
  const changeShape = (next: Shape) => {
    const changed = withShape(settings, next)
    setShown(nothing)
    setSettings(changed.settings)
    setNote(changed.note)
  }
  const chooseFile = (file: string) => {
    setShown(nothing)
    setSettings((before) => ({ ...before, file }))
  }
  const addPoint = (x: number, y: number) => {
    if (clicked.length >= maximumPoints) return
    setShown(nothing)
    setClicked([...clicked, { x: roundPoint(x), y: roundPoint(y), classIndex: Number(brush) }])
  }
  const removePoints = () => {
    setShown(nothing)
    setClicked([])
  }

  const control = (verb: 'cancel' | 'pause' | 'resume') => {
    if (job === null || !isActive) return
    client
      .request(`POST /jobs/{id}/${verb}`, { path: { id: job.id } })
      .catch((error) => setProblem(toProblem(error)))
  }
  const train = async (chosen: Settings, first: number | null = null) => {
    setStarting(true)
    // The previous run is no longer shown.
    control('cancel')
    try {
      const request = {
        ...requestFrom(chosen, chosen.shape === 'file' ? rows : rowsOf(chosen, clicked)),
        reuse: false,
      }
      const { id } = await client.jobs.create(request)
      setShown({ jobId: id, first, request: JSON.stringify(request) })
      setProblem(null)
    } catch (error) {
      setProblem(toProblem(error))
    }
    setStarting(false)
  }
  /** Trains with these settings. */
  const start = (example: Settings) => {
    setSettings(example)
    setNote(null)
    setShown(nothing)
    void train(example)
  }
  const reset = () => {
    control('cancel')
    setShown(nothing)
    setProblem(null)
  }

  return {
    settings,
    change,
    changeShape,
    own,
    chooseFile,
    clicked,
    addPoint,
    removePoints,
    brush,
    setBrush,
    rows,
    run,
    time,
    /** The network that is shown; null before the training, and for a large one. */
    network,
    heldOut,
    speed,
    setSpeed,
    /** Null until the run has a model. */
    model,
    /** Null unless an earlier run had the same request. */
    repeat,
    problem,
    note,
    ignored,
    isStarting: starting,
    isActive,
    /** Whether all frames of a run have arrived. */
    isFinished: job !== null && run.connection === 'ended',
    hasTrained: jobId !== null,
    start,
    train: () => train(settings),
    /** Shows the next epoch. The first step trains, and stops the replay after one epoch. */
    step: () => (jobId === null ? void train(settings, 1) : time.choose(time.epoch + 1)),
    control,
    reset,
  }
}

export type Playground = ReturnType<typeof usePlayground>
